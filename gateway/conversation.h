// Conversation: the client's end of a session as lines in and replies out. Replies are gathered and
// sent together just before we would wait for the client, so that a pipelining client costs one
// write for each flight (RFC 2920 section 3.2). Owned by a Session; one loop.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "gateway/net/byte_stream.h"
#include "gateway/net/line_reader.h"
#include "gateway/smtp/reply.h"

namespace sekisho {

// What is said to a client whose line has this flaw. After bare_lf the session must end.
smtp::Reply reply_to_flaw(LineReader::Flaw flaw);

class Conversation {
 public:
  Conversation(Loop& loop, CancelSource& cancel, std::unique_ptr<ByteStream> stream,
               Duration reply_timeout)
      : loop_(loop),
        cancel_(cancel),
        stream_(std::move(stream)),
        reader_(loop, *stream_),
        reply_timeout_(reply_timeout) {}

  void say(const smtp::Reply& reply) { unsent_ += reply.wire(); }
  Task<Result<void>> flush();

  // Flush first unless the next line is already here. The text is valid until the next co_await.
  Task<Result<LineReader::Line>> read_line(std::size_t max, Deadline deadline);
  Task<Result<std::string_view>> read_bytes(Deadline deadline);
  void unread(std::string_view tail) { reader_.unread(tail); }

  // Bytes that the client sent ahead of our answer.
  [[nodiscard]] bool has_ahead() const { return reader_.has_ahead(); }
  Task<Result<void>> start_tls(std::shared_ptr<const TlsContext> context, Deadline deadline);
  [[nodiscard]] const TlsInfo* tls() const { return stream_->tls(); }
  // Sends what is unsent, if the client takes it, and closes.
  Task<void> close(Deadline deadline);

 private:
  Loop& loop_;
  CancelSource& cancel_;
  std::unique_ptr<ByteStream> stream_;
  LineReader reader_;
  std::string unsent_;
  unsigned lines_without_wait_ = 0;
  Duration reply_timeout_;
};

}  // namespace sekisho
