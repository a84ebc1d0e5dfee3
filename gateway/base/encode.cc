#include "gateway/base/encode.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "gateway/base/utf8.h"

namespace sekisho {
namespace {

constexpr std::string_view kCutMark = "…";

bool is_visible_or_blank(char c) { return c >= ' ' && c <= '~'; }

// Well-formed code points that would still disturb whoever reads the log: C1 controls (a terminal
// obeys them), line and paragraph separators (viewers break lines there), invisible characters,
// bidirectional overrides (CVE-2021-42574 showed text that reads otherwise than it is), tags.
bool disturbs(char32_t c) {
  struct Range {
    char32_t first;
    char32_t last;
  };
  static constexpr Range kRanges[] = {
      {0x7F, 0x9F},     {0xAD, 0xAD},     {0x61C, 0x61C},     {0x180E, 0x180E},
      {0x200B, 0x200F}, {0x2028, 0x202E}, {0x2060, 0x206F},   {0xFE00, 0xFE0F},
      {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE0FFF},
  };
  return std::ranges::any_of(kRanges, [c](Range r) { return c >= r.first && c <= r.last; }) ||
         (c & 0xFFFEU) == 0xFFFE;  // noncharacters
}

// Takes one character off the front of `bytes` and returns it as the log shows it.
std::string take_for_log(std::string_view& bytes) {
  const auto byte = static_cast<unsigned char>(bytes.front());
  const auto [length, code_point] = utf8_first(bytes);
  const std::string_view whole = bytes.substr(0, std::max<std::size_t>(length, 1));
  bytes.remove_prefix(whole.size());
  if (length == 0) return fmt::format("\\x{:02x}", byte);
  switch (code_point) {
    case U'"':
      return "\\\"";
    case U'\\':
      return "\\\\";
    case U'\n':
      return "\\n";
    case U'\r':
      return "\\r";
    case U'\t':
      return "\\t";
    default:
      break;
  }
  if (code_point < 0x20 || code_point == 0x7F) return fmt::format("\\x{:02x}", byte);
  if (disturbs(code_point)) {
    const auto number = static_cast<std::uint32_t>(code_point);
    return number > 0xFFFF ? fmt::format("\\U{:08x}", number) : fmt::format("\\u{:04x}", number);
  }
  return std::string(whole);
}

}  // namespace

std::string encode_for_log(std::string_view bytes, std::size_t max) {
  std::string out;
  out.reserve(std::min(bytes.size(), max));
  std::size_t cut = 0;  // where to cut so that the mark still fits
  while (!bytes.empty()) {
    const auto next = take_for_log(bytes);
    if (out.size() + next.size() > max) {
      out.resize(cut);
      if (max >= kCutMark.size()) out += kCutMark;
      return out;
    }
    out += next;
    if (out.size() + kCutMark.size() <= max) cut = out.size();
  }
  return out;
}

std::string encode_for_header(std::string_view bytes, std::size_t max) {
  std::string out = encode_for_smtp(bytes, max);
  // They would end or nest the comment (RFC 5322 section 3.2.2) that the text stands in.
  std::ranges::replace_if(out, [](char c) { return c == '(' || c == ')' || c == '\\'; }, '?');
  return out;
}

std::string encode_for_smtp(std::string_view bytes, std::size_t max) {
  std::string out(bytes.substr(0, max));
  std::ranges::replace_if(out, [](char c) { return !is_visible_or_blank(c); }, '?');
  return out;
}

std::string encode_xtext(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (const char c : bytes) {
    if (c > ' ' && c <= '~' && c != '+' && c != '=') {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "+{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace sekisho
