// The lines of a sender map, taken apart: who, and the entries behind the colon. Knows quotes and
// comments, nothing of what an entry means. Pure; internal to gateway/sender.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace sekisho::sender {

// `column` is 1-based; views point into the text.
struct MapWord {
  std::string_view text;
  std::size_t column = 1;
};
struct MapLine {
  MapWord who;                   // a user, "*", or "@group"
  std::vector<MapWord> entries;  // never empty; none of them empty
};
struct MapLineError {
  std::size_t column = 1;
  std::string why;
};

// The text of a line without comment and blanks around it; empty when it holds nothing. A comment
// begins with # at the start or behind a blank: an address may hold one elsewhere.
std::string_view without_comment(std::string_view line);

// `line` as without_comment() returns it, `column` where it begins.
std::expected<MapLine, MapLineError> parse_map_line(std::string_view line, std::size_t column);

}  // namespace sekisho::sender
