// LineSource: the lines of a message, from blocks that a reader gives. Lines end with LF, a CR
// before it belongs to the end. Memory is bounded: a line longer than kMaxLine comes in pieces, cut
// at the same places whatever the blocks were.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/mail/mime_view.h"

namespace sekisho::mail {

struct Line {
  std::string_view text;  // without its end; valid until the next line is read
  std::string_view eol;   // "\r\n", "\n", or empty
  std::uint64_t offset = 0;
  bool starts = true;  // false: the rest of a long line

  [[nodiscard]] std::uint64_t end() const { return offset + text.size() + eol.size(); }
};

class LineSource {
 public:
  static constexpr std::size_t kMaxLine = 32UL * 1024;
  static constexpr std::size_t kBlock = 64UL * 1024;

  explicit LineSource(const MimeView::Reader& read) : read_(read) {}

  // False at the end.
  Result<bool> next(Line& line);

 private:
  Result<void> fill();

  const MimeView::Reader& read_;
  std::string buffer_;
  std::string block_;
  std::size_t position_ = 0;  // of the next line in buffer_
  std::uint64_t offset_ = 0;  // of the next line in the message
  bool starts_ = true;
  bool at_end_ = false;
};

}  // namespace sekisho::mail
