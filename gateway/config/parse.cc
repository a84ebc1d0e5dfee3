#include "gateway/config/parse.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "gateway/base/text.h"

namespace sekisho::config {
namespace {

constexpr int kMaxMistakes = 50;  // of grammar, in one file

Place place_of(const Source& source, const toml::source_region& region) {
  Place place{&source, region.begin.line, region.begin.column, 1};
  if (region.end.line == region.begin.line && region.end.column > region.begin.column) {
    place.length = region.end.column - region.begin.column;
  } else if (region.end.line > region.begin.line) {
    place.length = 1000;  // to the end of the line: rendering cuts it there
  }
  return place;
}

Node convert(const Source& source, const toml::node& from) {
  Node node;
  node.place = node.key = place_of(source, from.source());
  if (const toml::table* table = from.as_table()) {
    for (const auto& [key, value] : *table) {
      Node child = convert(source, value);
      child.key = place_of(source, key.source());
      node.children.emplace(std::string(key.str()), std::move(child));
    }
  } else if (const toml::array* array = from.as_array()) {
    node.kind = Node::Kind::list;
    for (const toml::node& item : *array) node.items.push_back(convert(source, item));
  } else if (const auto* text = from.as_string()) {
    node.kind = Node::Kind::text;
    node.text = text->get();
  } else if (const auto* integer = from.as_integer()) {
    node.kind = Node::Kind::integer;
    node.integer = integer->get();
  } else if (const auto* boolean = from.as_boolean()) {
    node.kind = Node::Kind::boolean;
    node.boolean = boolean->get();
  } else {
    node.kind = from.is_floating_point() ? Node::Kind::real : Node::Kind::time;
  }
  return node;
}

// "key = …", where a mistake concerns that one line. nullopt for headers, comments and the inside
// of lists: without such a line the following ones would mean something else.
struct Assignment {
  std::string_view key;
  std::string_view value;
  std::uint32_t equals;  // column of the equals sign
};
std::optional<Assignment> assignment(std::string_view line) {
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  const std::string_view key = trim(line.substr(0, equals));
  if (key.empty()) return std::nullopt;
  for (const char c : key) {
    if (!is_alnum(c) && c != '_' && c != '-' && c != '.') return std::nullopt;
  }
  std::string_view value = line.substr(equals + 1);
  return Assignment{key, trim(value.substr(0, value.find('#'))),
                    static_cast<std::uint32_t>(equals) + 1};
}

std::string hint_for(const std::optional<Assignment>& assigned) {
  if (!assigned || assigned->value.empty()) return {};
  const std::string_view value = assigned->value;
  if (value.find_first_of("\"'[{") != std::string_view::npos) return {};
  for (const std::string_view yes : {"yes", "on", "true"}) {
    if (iequals(value, yes)) return fmt::format("write {} = true", assigned->key);
  }
  for (const std::string_view no : {"no", "off", "false"}) {
    if (iequals(value, no)) return fmt::format("write {} = false", assigned->key);
  }
  return fmt::format("text, sizes and durations need quotes: {} = \"{}\"", assigned->key, value);
}

void report(const Source& source, const toml::parse_error& error, Problems& problems) {
  Place place = place_of(source, error.source());
  const std::optional<Assignment> assigned = assignment(source.line(place.line));
  const std::string_view text = error.description();
  if (text.find("cannot redefine existing") == std::string_view::npos) {
    std::string hint = hint_for(assigned);
    if (!hint.empty()) {  // the value as a whole is wrong, not the byte where reading it ended
      const auto offset = assigned->value.data() - source.line(place.line).data();
      place.column = static_cast<std::uint32_t>(offset) + 1;
      place.length = static_cast<std::uint32_t>(assigned->value.size());
    }
    problems.error({}, place, fmt::format("not valid TOML: {}", text), std::move(hint));
    return;
  }
  const std::string_view line = source.line(place.line);
  const std::size_t start = std::min(line.find_first_not_of(" \t"), line.size());
  place.column = static_cast<std::uint32_t>(start) + 1;
  if (assigned) {
    place.length = static_cast<std::uint32_t>(assigned->key.size());
    problems.error({}, place, fmt::format("`{}` is set twice in this file", assigned->key),
                   "remove one of the two lines");
  } else {
    place.length = static_cast<std::uint32_t>(trim(line).size());
    problems.error({}, place, fmt::format("{} is there twice in this file", trim(line)),
                   "put the lines of both under one header");
  }
}

void blank_line(std::string& text, std::uint32_t number) {
  std::size_t start = 0;
  for (std::uint32_t line = 1; line < number; ++line) start = text.find('\n', start) + 1;
  for (std::size_t i = start; i < text.size() && text[i] != '\n'; ++i) text[i] = ' ';
}

}  // namespace

Node parse(const Source& source, Problems& problems) {
  std::string text(source.text());
  std::uint32_t last_mistake = 0;
  for (int mistakes = 0; mistakes < kMaxMistakes; ++mistakes) {
    try {
      return convert(source, toml::parse(std::string_view(text), std::string_view("-")));
    } catch (const toml::parse_error& error) {
      const std::uint32_t line = error.source().begin.line;
      report(source, error, problems);
      const std::optional<Assignment> assigned = assignment(source.line(line));
      // Before the equals sign the mistake began earlier (an open list): no line to leave out.
      if (line <= last_mistake || !assigned || error.source().begin.column <= assigned->equals)
        break;
      problems.mark_skipped(std::string(assigned->key));
      last_mistake = line;
      blank_line(text, line);
    }
  }
  problems.mark_incomplete();
  Node nothing;
  nothing.place = nothing.key = Place{&source, 0, 0, 1};
  return nothing;
}

}  // namespace sekisho::config
