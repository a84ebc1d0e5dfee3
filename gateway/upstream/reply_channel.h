// ReplyChannel: one connection to an upstream as commands that go out and replies that come back,
// in step. It knows when they are out of step: bytes that nobody asked for, garbage, silence, an
// end or a 421 make it broken(), and a broken channel carries nothing more. (A reply that is taken
// for the answer to another command would be a false 250.) Owned by an SmtpClient; one loop.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/async/loop.h"
#include "gateway/net/byte_stream.h"
#include "gateway/smtp/reply.h"

namespace sekisho::upstream {

class ReplyChannel {
 public:
  ReplyChannel(Loop& loop, std::unique_ptr<ByteStream> stream)
      : loop_(loop), stream_(std::move(stream)) {}

  // One command (with its CRLF) and its reply. `what` names it in errors: "MAIL".
  Task<Result<smtp::Reply>> ask(std::string_view command, std::string_view what, Deadline deadline);

  // What the upstream may do while we write: a reply to the first of several commands is none to a
  // message that it has not read.
  enum class Meanwhile : std::uint8_t { silent, may_reply };
  // Writes bytes to which nothing but the replies to come may answer; all of them, or the channel
  // is broken. A 421 is the value where the upstream had said it before (nothing was written), or
  // when the write failed because of it (any part of it may have been). Whatever else it had said,
  // an end, and a deadline that has passed, are errors, with its words where it had any.
  Task<Result<std::optional<smtp::Reply>>> write(std::string_view bytes, std::string_view what,
                                                 Deadline deadline,
                                                 Meanwhile upstream = Meanwhile::silent);
  // The next reply, of 200 to 599. After the last one expected, settle().
  Task<Result<smtp::Reply>> read(std::string_view what, Deadline deadline);
  // No reply is expected any more: bytes read beyond the last one break the channel.
  void settle();

  [[nodiscard]] bool broken() const { return !why_broken_.empty(); }
  [[nodiscard]] Error why_broken() const { return Error{ErrorKind::protocol, why_broken_}; }
  Error break_with(Error why);
  // The peer spoke or closed and nobody has read it.
  [[nodiscard]] bool spoke() const { return !ahead_.empty() || stream_->unexpected_input(); }
  [[nodiscard]] ByteStream& stream() { return *stream_; }

 private:
  Task<Result<std::optional<smtp::Reply>>> out_of_turn(std::string_view what, Deadline deadline);

  Loop& loop_;
  std::unique_ptr<ByteStream> stream_;
  std::string ahead_;       // read, and beyond the replies taken so far
  std::string why_broken_;  // empty: in step
};

}  // namespace sekisho::upstream
