#include "rules/content/paragraphs.h"

#include <algorithm>

#include "gateway/base/text.h"
#include "gateway/base/utf8.h"

namespace sekisho::rules::content {
namespace {

constexpr std::size_t kMaxLine = 2048;

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

// U+00AD, U+034F, U+061C, U+180E, U+200B–U+200F, U+202A–U+202E, U+2060–U+206F, U+FEFF,
// the fillers of Hangul, the selectors of variants, and tags.
bool takes_no_room(char32_t c) {
  return c == 0xAD || c == 0x34F || c == 0x61C || c == 0x180E || (c >= 0x200B && c <= 0x200F) ||
         (c >= 0x202A && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF ||
         c == 0x115F || c == 0x1160 || c == 0x3164 || (c >= 0x180B && c <= 0x180D) ||
         (c >= 0xFE00 && c <= 0xFE0F) || (c >= 0xE0000 && c <= 0xE01EF);
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

void append_visible(std::string& out, std::string_view text) {
  if (is_ascii(text)) {
    out += text;
    return;
  }
  while (!text.empty()) {
    const std::size_t plain = static_cast<std::size_t>(
        std::ranges::find_if(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }) -
        text.begin());
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) return;
    const auto [length, point] = utf8_first(text);
    const std::size_t taken = std::max<std::size_t>(length, 1);
    if (length == 0 || !takes_no_room(point)) out += text.substr(0, taken);
    text.remove_prefix(taken);
  }
}

}  // namespace

void append_paragraphs(std::vector<std::string>& lines, std::string_view text) {
  std::string line;
  const auto put_blank = [&line] {
    if (!line.ends_with(' ')) line += ' ';
  };
  std::size_t at = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '\xC2' && at + 1 < text.size() && text[at + 1] == '\xA0') {
      put_blank();
      at += 2;
      continue;
    }
    if (!is_space(c)) {
      const std::size_t begin = at;
      while (at < text.size() && !is_space(text[at]) && text[at] != '\xC2') ++at;
      if (at == begin) ++at;  // the first byte of another character
      line += text.substr(begin, at - begin);
      continue;
    }
    std::size_t ends = 0;
    bool form_feed = false;
    bool blank_first = false;
    bool blank_last = false;
    for (; at < text.size() && is_space(text[at]); ++at) {
      if (text[at] == '\r') continue;
      const bool feed = text[at] == '\f';
      const bool end = text[at] == '\n';
      form_feed = form_feed || feed;
      ends += end ? 1 : 0;
      blank_last = !end && !feed;
      if (blank_last && ends == 0 && !form_feed) blank_first = true;
    }
    if (ends < 2 && !form_feed) {
      put_blank();
      continue;
    }
    if (blank_first) put_blank();
    lines.push_back(std::move(line));
    line.clear();
    if (blank_last) line = " ";
  }
  if (!line.empty()) lines.push_back(std::move(line));
}

std::string visible_text(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    const std::string_view trimmed = trim(line);
    if (trimmed.empty()) continue;
    if (!text.empty()) text += '\n';
    append_visible(text, trimmed);
  }
  return text;
}

std::vector<std::string> body_lines(std::string_view subject,
                                    const std::vector<std::string>& lines) {
  std::vector<std::string> out{std::string(subject)};
  for (const std::string& line : lines) {
    std::string_view rest = line;
    while (rest.size() > kMaxLine) {
      const std::size_t blank = rest.rfind(' ', kMaxLine - 1);
      const std::size_t cut = blank == std::string_view::npos || blank == 0 ? kMaxLine : blank + 1;
      out.emplace_back(rest.substr(0, cut));
      rest.remove_prefix(cut);
    }
    if (!rest.empty()) out.emplace_back(rest);
  }
  return out;
}

}  // namespace sekisho::rules::content
