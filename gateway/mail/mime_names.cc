#include "gateway/mail/mime_names.h"

#include <algorithm>

#include "gateway/base/text.h"
#include "gateway/base/utf8.h"
#include "gateway/mail/encoded_words.h"
#include "gateway/mail/mime_parameters.h"

namespace sekisho::mail {
namespace {

void add_short(std::vector<std::string>& names, const std::string& name) {
  if (name.empty()) return;
  if (name.size() <= kMaxName) {
    add_unique(names, name);
    return;
  }
  add_unique(names, name.substr(0, kMaxName));
  add_unique(names, name.substr(name.size() - kMaxName));
}

// Characters that take no room on the screen or turn the direction of the text, so that what is
// shown isn't what the system reads.
bool is_invisible(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0xAD || c == 0x34F || c == 0x61C ||
         c == 0x180E || (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
         (c >= 0x2060 && c <= 0x206F) || (c >= 0xFE00 && c <= 0xFE0F) || c == 0xFEFF ||
         (c >= 0xFFF9 && c <= 0xFFFB) || (c >= 0xE0000 && c <= 0xE0FFF);
}

bool is_wide_blank(char32_t c) {
  return c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

// What a system may put in the place of a character that its code page lacks.
char32_t narrowed(char32_t c) {
  if (c >= 0xFF01 && c <= 0xFF5E) return c - 0xFF01 + '!';  // full-width ASCII
  if (c == 0x2024 || c == 0x3002 || c == 0xFF61) return '.';
  return c;
}

std::string visible(std::string_view name, bool narrow) {
  std::string out;
  while (!name.empty()) {
    const auto [length, point] = utf8_first(name);
    const std::string_view bytes = name.substr(0, length == 0 ? 1 : length);
    name.remove_prefix(bytes.size());
    const char32_t shown = length != 0 && narrow ? narrowed(point) : point;
    if (length != 0 && is_wide_blank(point)) {
      out += ' ';
    } else if (length != 0 && is_invisible(shown)) {
      continue;
    } else if (length != 0 && shown < 0x80) {
      out += static_cast<char>(shown);
    } else {
      out += bytes;  // foreign letters, and bytes of an unknown charset
    }
  }
  return out;
}

}  // namespace

void add_name_readings(std::vector<std::string>& names, const std::string& name) {
  std::vector<std::string> readings{name};
  if (name.contains("=?")) add_unique(readings, decode_encoded_words(name));
  for (std::size_t i = 0, n = readings.size(); i < n; ++i) {
    if (readings[i].contains('%')) add_unique(readings, percent_decode(readings[i]));
  }
  for (const std::string& reading : readings) {
    add_short(names, reading);
    const std::string uncut = reading.substr(0, reading.find('\0'));
    add_short(names, uncut);
    for (const std::string& text : {reading, uncut}) {
      const std::size_t end = text.find_last_not_of("/\\");
      if (end == std::string::npos) continue;
      const std::string path = text.substr(0, end + 1);
      const std::string last = path.substr(path.find_last_of("/\\") + 1);
      add_short(names, last);
      if (last.contains(':')) {
        add_short(names, last.substr(0, last.find(':')));
        add_short(names, last.substr(last.rfind(':') + 1));
      }
    }
  }
}

void add_extensions(std::vector<std::string>& extensions, std::string_view name) {
  for (const bool narrow : {false, true}) {
    const std::string shown = visible(name, narrow);
    const std::size_t end = shown.find_last_not_of(". \"';,<>");
    if (end == std::string::npos) continue;
    const std::string kept = shown.substr(0, end + 1);
    const std::size_t dot = kept.rfind('.');
    if (dot == std::string::npos) continue;
    add_unique(extensions, to_lower(trim(std::string_view(kept).substr(dot + 1))));
  }
}

}  // namespace sekisho::mail
