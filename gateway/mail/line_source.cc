#include "gateway/mail/line_source.h"

#include <algorithm>
#include <cstring>

namespace sekisho::mail {

Result<void> LineSource::fill() {
  buffer_.erase(0, position_);
  position_ = 0;
  auto read = read_(offset_ + buffer_.size(), kBlock, block_);
  if (!read) return read;
  at_end_ = block_.empty();
  if (buffer_.empty()) {
    buffer_.swap(block_);
  } else {
    buffer_ += block_;
  }
  return {};
}

Result<bool> LineSource::next(Line& line) {
  std::size_t searched = 0;
  while (true) {
    const char* start = buffer_.data() + position_;
    const std::size_t size = std::min(buffer_.size() - position_, kMaxLine);
    const void* newline = std::memchr(start + searched, '\n', size - searched);
    const bool whole = newline != nullptr;
    if (!whole && size < kMaxLine && !at_end_) {
      searched = size;
      auto filled = fill();
      if (!filled) return std::unexpected(filled.error());
      continue;
    }
    if (size == 0) return false;

    const std::size_t length =
        whole ? static_cast<std::size_t>(static_cast<const char*>(newline) - start) + 1 : size;
    const bool crlf = whole && length > 1 && start[length - 2] == '\r';
    const std::size_t ending = crlf ? 2 : whole ? 1 : 0;
    line = {.text = {start, length - ending},
            .eol = {start + length - ending, ending},
            .offset = offset_,
            .starts = starts_};
    starts_ = whole;
    position_ += length;
    offset_ += length;
    return true;
  }
}

}  // namespace sekisho::mail
