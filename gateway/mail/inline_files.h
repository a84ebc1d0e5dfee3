// InlineFiles finds files that stand in the middle of a text, as mail had them before MIME and as
// some readers still show them: uuencode ("begin 644 evil.exe"), "begin-base64" and yEnc. Fed with
// the decoded text in any slicing; lines are remembered up to a bound. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace sekisho::mail {

struct InlineFile {
  std::string name;
  std::string encoding;      // "x-uuencode", "base64", "x-yenc"
  std::string magic{};       // the first decoded bytes
  std::uint64_t offset = 0;  // of the line after the announcing one, in the text
  std::uint64_t size = 0;    // up to the line that ends it, or to the end of the text
};

class InlineFiles {
 public:
  using Found = std::function<void(const InlineFile&)>;

  // `found` is called once a file has ended.
  explicit InlineFiles(Found found) : found_(std::move(found)) {}
  void feed(std::string_view text);
  void finish();

 private:
  static constexpr std::size_t kMaxLine = 2048;

  void take_line(std::string_view line, std::uint64_t next_line);
  bool announces(std::string_view line);
  void read_magic(std::string_view line);
  void end_file(std::uint64_t offset);

  Found found_;
  std::string partial_;           // the beginning of a line that isn't whole yet
  std::uint64_t line_start_ = 0;  // of the line at work
  std::uint64_t position_ = 0;    // of the next byte
  bool inside_ = false;
  InlineFile file_;
};

}  // namespace sekisho::mail
