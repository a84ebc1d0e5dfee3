// Message: what filters see of the message itself. Header section in memory, body in the spool,
// MIME view made when the first filter asks for it. Owned by the Transaction.
#pragma once

#include <memory>
#include <string>

#include "gateway/mail/headers.h"
#include "gateway/mail/mime_view.h"
#include "gateway/mail/spool.h"

namespace sekisho::mail {

class Message {
 public:
  Message(Loop& loop, Offload& offload, const SpoolSettings& spool, const MimeLimits& mime);

  // The header section as it came, with its empty line (when the message has one).
  [[nodiscard]] const std::string& header_section() const { return header_section_; }
  [[nodiscard]] Headers headers() const { return Headers::parse(header_section_); }
  [[nodiscard]] std::uint64_t size() const { return header_section_.size() + body_.size(); }

  // The parts, once the whole message is here (stage `end`). Computed once, off the loop.
  Task<Result<const MimeView*>> mime() const;

  // For the session that fills it and the delivery that empties it.
  std::string& mutable_header_section() { return header_section_; }
  Spool& body() { return body_; }

 private:
  Loop& loop_;
  Offload& offload_;
  MimeLimits limits_;
  std::string header_section_;
  mutable Spool body_;
  mutable std::unique_ptr<MimeView> mime_;
};

}  // namespace sekisho::mail
