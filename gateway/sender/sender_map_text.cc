#include "gateway/sender/sender_map_text.h"

#include <utility>

#include "gateway/base/text.h"

namespace sekisho::sender {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// Follows a line byte by byte and knows whether it is within quotes.
class Quotes {
 public:
  // True when `c` itself stands outside.
  bool outside(char c) {
    if (escaped_) {
      escaped_ = false;
      return false;
    }
    if (c == '"') {
      open_ = !open_;
      return false;
    }
    escaped_ = open_ && c == '\\';
    return !open_;
  }
  [[nodiscard]] bool open() const { return open_; }

 private:
  bool open_ = false;
  bool escaped_ = false;
};

std::unexpected<MapLineError> wrong(std::size_t column, std::string why) {
  return std::unexpected(MapLineError{column, std::move(why)});
}

}  // namespace

std::string_view without_comment(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  Quotes quotes;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool outside = quotes.outside(line[i]);
    if (outside && line[i] == '#' && (i == 0 || is_blank(line[i - 1])))
      return trim(line.substr(0, i));
  }
  return trim(line);
}

std::expected<MapLine, MapLineError> parse_map_line(std::string_view line, std::size_t column) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos)
    return wrong(column, "no colon; write \"user: address, address\"");
  MapLine parsed{.who = {trim(line.substr(0, colon)), column}, .entries = {}};
  if (parsed.who.text.empty()) return wrong(column, "no user stands before the colon");
  Quotes quotes;
  std::size_t begin = colon + 1;
  for (std::size_t i = begin; i <= line.size(); ++i) {
    const bool end = i == line.size();
    if (!end && (!quotes.outside(line[i]) || line[i] != ',')) continue;
    const std::string_view entry = trim(line.substr(begin, i - begin));
    if (entry.empty())
      return wrong(column + begin, parsed.entries.empty() && end
                                       ? "nothing stands behind the colon; a user who may use "
                                         "nothing needs no line"
                                       : "an empty entry; take the comma out");
    parsed.entries.push_back(
        {entry, column + static_cast<std::size_t>(entry.data() - line.data())});
    begin = i + 1;
  }
  if (quotes.open()) return wrong(parsed.entries.back().column, "a quote without its end");
  return parsed;
}

}  // namespace sekisho::sender
