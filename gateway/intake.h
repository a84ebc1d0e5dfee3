// Intake: takes in one message, the bytes after DATA or those of its BDAT chunks: undoes the
// dot-stuffing or counts, splits header section from body, keeps both within their bounds. What
// comes out is the same for both. It always reads to the real end of the message or chunk, also
// when the message is already refused, so that no part of it is taken for commands. Owned by the
// transaction while its message comes in; one loop.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/mail/headers.h"
#include "gateway/mail/message.h"
#include "gateway/smtp/chunk.h"
#include "gateway/smtp/dot_codec.h"
#include "gateway/smtp/reply.h"

namespace sekisho {

class Intake {
 public:
  struct Limits {
    std::uint64_t message_size;
    std::size_t header_size;
    std::size_t text_line;  // 0: none
    smtp::DotDecoder::BareLf bare_lf = smtp::DotDecoder::BareLf::refuse;
  };
  enum class Form : std::uint8_t {
    data,    // dot-stuffed, up to the dot
    chunks,  // as it is, in counted chunks up to the last one
    binary,  // the same, and behind the header section it may be anything (RFC 3030 section 3)
  };

  Intake(mail::Message& message, const Limits& limits, Form form = Form::data)
      : message_(message),
        limits_(limits),
        form_(form),
        decoder_(limits.text_line, limits.bare_lf),
        check_(limits.text_line) {}

  // The next chunk begins; the one before was read. Not with Form::data.
  void begin_chunk(const smtp::Chunk& chunk);
  // There is more to read of the message after DATA, or of the chunk.
  [[nodiscard]] bool wants_more() const;
  // Decodes what belongs to the message; returns how many bytes that was.
  std::size_t decode(std::string_view bytes);
  // Moves what decode() produced into the message. ErrorKind::io: the spool failed.
  Task<Result<void>> store();

  [[nodiscard]] bool finished() const;
  [[nodiscard]] bool header_complete() const { return header_.done() || finished(); }
  [[nodiscard]] std::uint64_t size() const;
  // The client sends, or says that it will send, far more than it may: not worth reading to the
  // end.
  [[nodiscard]] bool hopeless() const;

  // A bare CR, bare LF or NUL was there after DATA: where this message ends is open to dispute, so
  // what follows it must not be obeyed.
  [[nodiscard]] bool framing_broken() const;
  // What is wrong with the message itself, if anything is, as the reply for it.
  [[nodiscard]] std::optional<smtp::Reply> refusal() const;
  // Nothing more needs to be kept: the message will be refused anyway.
  void stop_keeping() { keeping_ = false; }

 private:
  [[nodiscard]] smtp::DotDecoder::Flaw flaw() const;
  void end_chunk();
  void end_binary_header();
  Task<Result<void>> store_what_is_no_header();

  mail::Message& message_;
  Limits limits_;
  Form form_;
  smtp::DotDecoder decoder_;  // Form::data
  smtp::TextCheck check_;     // the other forms, as the two below
  smtp::Chunk chunk_{};       // its size: what is still to come of it
  std::uint64_t counted_ = 0;
  mail::HeaderScanner header_;
  std::string decoded_;
  bool keeping_ = true;
  bool header_too_large_ = false;
};

}  // namespace sekisho
