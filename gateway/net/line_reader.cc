#include "gateway/net/line_reader.h"

#include <cstring>
#include <functional>
#include <utility>

namespace sekisho {
namespace {

LineReader::Flaw flaw_of(std::string_view text) {
  if (text.find('\r') != std::string_view::npos) return LineReader::Flaw::bare_cr;
  if (text.find('\0') != std::string_view::npos) return LineReader::Flaw::nul;
  return LineReader::Flaw::none;
}

}  // namespace

std::optional<LineReader::Line> LineReader::find_line(std::string_view bytes, std::size_t scanned,
                                                      std::size_t max, std::size_t& used) {
  const std::size_t lf = bytes.find('\n', scanned);
  if (lf == std::string_view::npos) return std::nullopt;
  used = lf + 1;
  const bool after_cr = lf > 0 ? bytes[lf - 1] == '\r' : skipping_ && skipped_cr_;
  const bool too_long = std::exchange(skipping_, false) || used > max;
  if (!after_cr) return Line{.text = {}, .flaw = Flaw::bare_lf};
  if (too_long) return Line{.text = {}, .flaw = Flaw::too_long};
  const std::string_view text = bytes.substr(0, lf - 1);
  return Line{.text = text, .flaw = flaw_of(text)};
}

bool LineReader::skip(std::string_view bytes, std::size_t max) {
  if (!skipping_ && bytes.size() < max) return false;
  skipping_ = true;
  skipped_cr_ = bytes.back() == '\r';
  return true;
}

Task<Result<LineReader::Line>> LineReader::read_line(std::size_t max, Deadline deadline) {
  std::size_t used = 0;
  std::size_t scanned = 0;  // of the bytes ahead: known to hold no LF
  while (true) {
    if (has_ahead()) {
      const auto ahead = std::string_view(ahead_).substr(begin_);
      if (auto line = find_line(ahead, scanned, max, used)) {
        begin_ += used;
        co_return *line;
      }
      scanned = ahead.size();
      if (skip(ahead, max)) begin_ = ahead_.size();
    }
    if (!has_ahead()) {
      release();
      scanned = 0;
    }

    const auto got = co_await stream_.read_some(loop_.scratch(), deadline);
    if (!got) co_return std::unexpected(got.error());
    if (*got == 0) co_return fail(ErrorKind::closed, "the peer closed the connection");
    const std::string_view chunk(loop_.scratch().data(), *got);
    if (has_ahead()) {
      ahead_.erase(0, std::exchange(begin_, 0));
      ahead_ += chunk;
      continue;
    }
    // The usual case, a whole line in one piece, is answered without copying it.
    if (auto line = find_line(chunk, 0, max, used)) {
      ahead_.assign(chunk.substr(used));
      co_return *line;
    }
    if (!skip(chunk, max)) {
      ahead_.assign(chunk);
      scanned = chunk.size();
    }
  }
}

Task<Result<std::string_view>> LineReader::read_bytes(Deadline deadline) {
  if (has_ahead()) {
    const std::size_t from = std::exchange(begin_, ahead_.size());
    co_return std::string_view(ahead_).substr(from);
  }
  release();
  const auto got = co_await stream_.read_some(loop_.scratch(), deadline);
  if (!got) co_return std::unexpected(got.error());
  if (*got == 0) co_return fail(ErrorKind::closed, "the peer closed the connection");
  co_return std::string_view(loop_.scratch().data(), *got);
}

void LineReader::unread(std::string_view tail) {
  if (tail.empty()) return;
  // std::less orders pointers into different arrays, the operator does not.
  const std::less_equal<const char*> up_to;
  const char* const first = ahead_.data();
  if (up_to(first, tail.data()) && up_to(tail.data() + tail.size(), first + ahead_.size())) {
    begin_ = static_cast<std::size_t>(tail.data() - first);
    return;
  }
  ahead_.replace(0, std::exchange(begin_, 0), tail);
}

void LineReader::discard() {
  release();
  skipping_ = false;
}

void LineReader::release() {
  begin_ = 0;
  ahead_ = std::string();  // clear() would keep the memory
}

bool LineReader::has_line_ahead() const { return ahead_.find('\n', begin_) != std::string::npos; }

}  // namespace sekisho
