#include "gateway/mail/inline_files.h"

#include <algorithm>

#include "gateway/base/text.h"
#include "gateway/mail/mime_view.h"
#include "gateway/mail/transfer_decoding.h"

namespace sekisho::mail {
namespace {

bool is_octal(char c) { return c >= '0' && c <= '7'; }

std::string_view strip_quotes(std::string_view name) {
  name = trim(name);
  if (name.size() > 1 && name.starts_with('"') && name.ends_with('"')) {
    name = name.substr(1, name.size() - 2);
  }
  return name;
}

}  // namespace

void InlineFiles::feed(std::string_view text) {
  while (!text.empty()) {
    const std::size_t newline = text.find('\n');
    const bool whole = newline != std::string_view::npos;
    const std::string_view piece = text.substr(0, newline);
    position_ += piece.size() + (whole ? 1 : 0);
    text.remove_prefix(piece.size() + (whole ? 1 : 0));
    if (!whole || !partial_.empty()) {
      partial_ += piece.substr(0, kMaxLine - std::min(kMaxLine, partial_.size()));
    }
    if (!whole) return;
    take_line(partial_.empty() ? piece.substr(0, kMaxLine) : partial_, position_);
    partial_.clear();
    line_start_ = position_;
  }
}

void InlineFiles::finish() {
  if (!partial_.empty()) take_line(partial_, position_);
  partial_.clear();
  if (inside_) end_file(position_);
}

void InlineFiles::take_line(std::string_view line, std::uint64_t next_line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  // A new announcement within a file: the first one was only text.
  if (line.starts_with('b') || line.starts_with('=')) {
    const InlineFile before = file_;
    if (announces(line)) {
      if (inside_) {
        InlineFile next = file_;
        file_ = before;
        end_file(line_start_);
        file_ = std::move(next);
      }
      file_.offset = next_line;
      inside_ = true;
      return;
    }
  }
  if (!inside_) return;
  if (trim(line) == "end" || line == "====" || line.starts_with("=yend")) {
    end_file(line_start_);
  } else if (file_.magic.empty()) {
    read_magic(line);
  }
}

bool InlineFiles::announces(std::string_view line) {
  const auto announce = [this](std::string_view name, std::string_view encoding) {
    file_ = {.name = std::string(strip_quotes(name)), .encoding = std::string(encoding)};
    return !file_.name.empty();
  };
  if (line.starts_with("=ybegin ")) {
    const std::size_t name = line.find(" name=");
    return name != std::string_view::npos && announce(line.substr(name + 6), "x-yenc");
  }
  const bool base64 = line.starts_with("begin-base64 ");
  if (!base64 && !line.starts_with("begin ")) return false;
  std::string_view rest = line.substr(base64 ? 13 : 6);
  // The mode: three or four digits; some readers take two blanks for an absent one.
  std::size_t digits = 0;
  while (digits < rest.size() && is_octal(rest[digits])) ++digits;
  const bool mode = digits >= 3 && digits <= 4;
  if (!mode && digits != 0) return false;
  rest.remove_prefix(digits);
  if (!rest.starts_with(' ')) return false;
  return announce(rest, base64 ? "base64" : "x-uuencode");
}

void InlineFiles::read_magic(std::string_view line) {
  if (file_.encoding == "x-uuencode") {
    file_.magic = decode_uu_line(line).substr(0, kMagicBytes);
  } else if (file_.encoding == "base64") {
    file_.magic = decode_transfer(line, TransferEncoding::base64, kMagicBytes);
  } else if (!line.starts_with("=y")) {
    for (std::size_t i = 0; i < line.size() && file_.magic.size() < kMagicBytes; ++i) {
      const int shift = line[i] == '=' && i + 1 < line.size() ? 42 + 64 : 42;
      if (shift != 42) ++i;
      file_.magic += static_cast<char>(
          static_cast<unsigned char>(static_cast<unsigned char>(line[i]) - shift));
    }
  }
}

void InlineFiles::end_file(std::uint64_t offset) {
  file_.size = offset - std::min(offset, file_.offset);
  inside_ = false;
  found_(file_);
}

}  // namespace sekisho::mail
