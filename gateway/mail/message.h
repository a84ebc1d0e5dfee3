// Message: what filters see of the message itself. Header section in memory, body in the spool,
// both sealed in a memory file when the first filter wants to hand it to a worker process: what
// lies beyond the header section is never parsed here. Owned by the Transaction.
#pragma once

#include <memory>
#include <string>

#include "gateway/mail/headers.h"
#include "gateway/mail/mime_view.h"
#include "gateway/mail/sealed_copy.h"
#include "gateway/mail/spool.h"

namespace sekisho::mail {

class Message {
 public:
  Message(Loop& loop, Offload& offload, const SpoolSettings& spool, const MimeLimits& mime,
          CopyBudget* copies = nullptr);

  // The header section: fields, and the empty line where anything follows. As it came, but that a
  // line which is no field begins the body, and has got the empty line before it.
  [[nodiscard]] const std::string& header_section() const { return header_section_; }
  [[nodiscard]] Headers headers() const { return Headers::parse(header_section_); }
  [[nodiscard]] std::uint64_t size() const { return header_section_.size() + body_.size(); }

  // How deep a worker process may look into it.
  [[nodiscard]] const MimeLimits& mime_limits() const { return limits_; }

  // All of it, once it is here (stage `end`). Made once; off the loop when it is large.
  // ErrorKind::limit: the copies of all messages have what they may.
  Task<Result<std::shared_ptr<const SealedCopy>>> sealed() const;

  // No check will ask for it any more; who still has it keeps it.
  void release_sealed() { sealed_.reset(); }

  [[nodiscard]] const Spool& body() const { return body_; }

  // For the session that fills it and the delivery that empties it.
  std::string& mutable_header_section() { return header_section_; }
  Spool& body() { return body_; }

 private:
  Result<std::shared_ptr<const SealedCopy>> seal(CopyBudget::Share share) const;

  Loop& loop_;
  Offload& offload_;
  MimeLimits limits_;
  CopyBudget* copies_;  // null: no bound
  std::string header_section_;
  mutable Spool body_;
  mutable std::shared_ptr<const SealedCopy> sealed_;
};

}  // namespace sekisho::mail
