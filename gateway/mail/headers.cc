#include "gateway/mail/headers.h"

#include <algorithm>
#include <cstring>

#include "gateway/base/text.h"

namespace sekisho::mail {

// RFC 5322 section 2.2 and its obsolete form with blanks before the colon (section 4.5).
std::string_view field_name(std::string_view line) {
  std::size_t end = 0;
  while (end < line.size() && line[end] > 32 && line[end] < 127 && line[end] != ':') ++end;
  const std::string_view name = line.substr(0, end);
  while (end < line.size() && (line[end] == ' ' || line[end] == '\t')) ++end;
  return end < line.size() && line[end] == ':' ? name : std::string_view{};
}

Headers Headers::parse(std::string_view bytes) {
  Headers headers;
  while (headers.size_ < bytes.size()) {
    const std::string_view rest = bytes.substr(headers.size_);
    const std::size_t newline = rest.find('\n');
    const std::string_view line =
        rest.substr(0, newline == std::string_view::npos ? newline : newline + 1);
    std::string_view text = line;
    if (text.ends_with('\n')) text.remove_suffix(1);
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (text.empty()) break;

    if (text[0] == ' ' || text[0] == '\t') {
      if (headers.fields_.empty()) break;
      HeaderField& field = headers.fields_.back();
      field.raw = {field.raw.data(), field.raw.size() + line.size()};
      field.value = field.raw.substr(field.raw.find(':') + 1);
      field.value.remove_suffix(line.size() - text.size());
    } else {
      const std::string_view name = field_name(text);
      if (name.empty()) break;
      headers.fields_.push_back(
          {.name = name, .value = text.substr(text.find(':') + 1), .raw = line});
    }
    headers.size_ += line.size();
  }
  return headers;
}

const HeaderField* Headers::find(std::string_view name) const {
  const auto found =
      std::ranges::find_if(fields_, [&](const auto& field) { return iequals(field.name, name); });
  return found == fields_.end() ? nullptr : &*found;
}

std::size_t Headers::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(fields_, [&](const auto& field) { return iequals(field.name, name); }));
}

std::string Headers::unfold(std::string_view value) {
  std::string out(value);
  std::erase_if(out, [](char c) { return c == '\r' || c == '\n'; });
  return std::string(trim(out));
}

std::size_t HeaderScanner::feed(std::string_view bytes) {
  std::size_t used = 0;
  while (!done_ && used < bytes.size()) {
    if (line_start_) {
      line_start_ = false;
      line_start_cr_ = bytes[used] == '\r';
      if (line_start_cr_) {
        ++used;
        continue;
      }
    } else if (line_start_cr_) {
      line_start_cr_ = false;
      if (bytes[used] == '\n') {
        done_ = true;
        ++used;
        continue;
      }
    }
    const void* newline = std::memchr(bytes.data() + used, '\n', bytes.size() - used);
    if (newline == nullptr) return bytes.size();
    used = static_cast<std::size_t>(static_cast<const char*>(newline) - bytes.data()) + 1;
    line_start_ = true;
  }
  return used;
}

bool has_empty_line(std::string_view header_section) {
  return header_section == "\r\n" || header_section.ends_with("\n\r\n");
}

}  // namespace sekisho::mail
