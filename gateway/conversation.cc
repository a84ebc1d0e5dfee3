#include "gateway/conversation.h"

#include <utility>

namespace sekisho {

Task<Result<void>> Conversation::flush() {
  if (unsent_.empty()) co_return Result<void>{};
  const std::string bytes = std::exchange(unsent_, {});
  co_return co_await stream_->write_all(bytes, Deadline::in(reply_timeout_));
}

Task<Result<LineReader::Line>> Conversation::read_line(std::size_t max, Deadline deadline) {
  if (!reader_.has_line_ahead())
    if (auto sent = co_await flush(); !sent) co_return std::unexpected(std::move(sent.error()));
  co_return co_await reader_.read_line(max, deadline);
}

Task<Result<std::string_view>> Conversation::read_bytes(Deadline deadline) {
  if (!reader_.has_ahead())
    if (auto sent = co_await flush(); !sent) co_return std::unexpected(std::move(sent.error()));
  co_return co_await reader_.read_bytes(deadline);
}

Task<Result<void>> Conversation::start_tls(std::shared_ptr<const TlsContext> context,
                                           Deadline deadline) {
  if (auto sent = co_await flush(); !sent) co_return sent;
  reader_.discard();
  co_return co_await stream_->start_tls(std::move(context), {}, deadline);
}

Task<void> Conversation::close(Deadline deadline) {
  if (!unsent_.empty()) {
    const std::string bytes = std::exchange(unsent_, {});
    // The client may be gone; there is nobody to tell.
    (void)co_await stream_->write_all(bytes, deadline);
  }
  co_await stream_->close(deadline);
}

}  // namespace sekisho
