#include "gateway/conversation.h"

#include <utility>

namespace sekisho {

namespace {

// A client that sends and sends without reading its answers gets no further than this.
constexpr std::size_t kMaxUnsent = 16 * 1024;

// So many lines of one client in a row, then it is the others' turn.
constexpr unsigned kLinesPerTurn = 64;

}  // namespace

using smtp::Reply;

Reply reply_to_flaw(LineReader::Flaw flaw) {
  switch (flaw) {
    case LineReader::Flaw::too_long:
      return Reply::of(500, "5.5.2", "line too long");
    case LineReader::Flaw::bare_lf:
      return Reply::of(500, "5.5.2", "bare LF: lines end with CRLF; closing connection");
    case LineReader::Flaw::bare_cr:
      return Reply::of(500, "5.5.2", "bare CR in command");
    default:
      return Reply::of(500, "5.5.2", "NUL in command");
  }
}

Task<Result<void>> Conversation::flush() {
  if (unsent_.empty()) co_return Result<void>{};
  const std::string bytes = std::exchange(unsent_, {});
  co_return co_await stream_->write_all(bytes, Deadline::in(reply_timeout_));
}

Task<Result<LineReader::Line>> Conversation::read_line(std::size_t max, Deadline deadline) {
  const bool ahead = reader_.has_line_ahead();
  if (!ahead || unsent_.size() > kMaxUnsent)
    if (auto sent = co_await flush(); !sent) co_return std::unexpected(std::move(sent.error()));
  if (!ahead) {
    lines_without_wait_ = 0;
  } else if (++lines_without_wait_ >= kLinesPerTurn) {
    lines_without_wait_ = 0;
    auto turned = co_await loop_.sleep_until(Deadline::at(Clock::now()), cancel_);
    if (!turned) co_return std::unexpected(std::move(turned.error()));
  }
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
