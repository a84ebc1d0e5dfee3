// Intake: takes in one message after DATA: undoes the dot-stuffing, splits header section from
// body, keeps both within their bounds. It always reads to the real end of the message, also when
// the message is already refused, so that no part of it is taken for commands. Owned by the session
// for the time of DATA; one loop.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/mail/headers.h"
#include "gateway/mail/message.h"
#include "gateway/smtp/dot_codec.h"
#include "gateway/smtp/reply.h"

namespace sekisho {

class Intake {
 public:
  struct Limits {
    std::uint64_t message_size;
    std::size_t header_size;
    std::size_t text_line;  // 0: none
  };

  Intake(mail::Message& message, const Limits& limits)
      : message_(message), limits_(limits), decoder_(limits.text_line) {}

  // Decodes what belongs to the message; returns how many bytes that was.
  std::size_t decode(std::string_view bytes);
  // Moves what decode() produced into the message. ErrorKind::io: the spool failed.
  Task<Result<void>> store();

  [[nodiscard]] bool finished() const { return decoder_.finished(); }
  [[nodiscard]] bool header_complete() const { return header_.done() || finished(); }
  [[nodiscard]] std::uint64_t size() const { return decoder_.size(); }
  // The client sends far more than it may: not worth reading to the end.
  [[nodiscard]] bool hopeless() const { return size() / 2 > limits_.message_size; }

  // A bare CR, bare LF or NUL was there: where this message ends is open to dispute, so what
  // follows it must not be obeyed.
  [[nodiscard]] bool framing_broken() const;
  // What is wrong with the message itself, if anything is, as the reply for it.
  [[nodiscard]] std::optional<smtp::Reply> refusal() const;
  // Nothing more needs to be kept: the message will be refused anyway.
  void stop_keeping() { keeping_ = false; }

 private:
  mail::Message& message_;
  Limits limits_;
  smtp::DotDecoder decoder_;
  mail::HeaderScanner header_;
  std::string decoded_;
  bool keeping_ = true;
  bool header_too_large_ = false;
};

}  // namespace sekisho
