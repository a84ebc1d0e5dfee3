// ReplyChannel: one connection to an upstream as commands that go out and replies that come back,
// in step. It knows when they are out of step: bytes that nobody asked for, garbage, silence, an
// end or a 421 make it broken(), and a broken channel carries nothing more. (A reply that is taken
// for the answer to another command would be a false 250.) Owned by an SmtpClient; one loop.
#pragma once

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

  // Writes bytes to which nothing but the replies to come may answer. When the upstream has already
  // said 421, that reply is the value and nothing was written; when it said anything else or
  // closed, the error holds its words.
  Task<Result<std::optional<smtp::Reply>>> write(std::string_view bytes, std::string_view what,
                                                 Deadline deadline);
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
  Task<Result<std::optional<smtp::Reply>>> out_of_turn(std::string_view what);

  Loop& loop_;
  std::unique_ptr<ByteStream> stream_;
  std::string ahead_;       // read, and beyond the replies taken so far
  std::string why_broken_;  // empty: in step
};

}  // namespace sekisho::upstream
