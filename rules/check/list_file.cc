#include "rules/check/list_file.h"

#include <optional>
#include <set>
#include <string>

#include <fmt/format.h>

#include "gateway/base/text.h"

namespace sekisho::rules {
namespace {

class Reader {
 public:
  Reader(const Sources& sources, std::uint32_t source, Diagnostics& diagnostics)
      : text_(sources[source].text()), source_(source), diagnostics_(diagnostics) {}

  // Calls `take` with each line that says something, without comment and blanks.
  void each_line(const auto& take) {
    for (auto line : split(text_, '\n')) {
      const auto comment = line.find('#');
      if (comment != std::string_view::npos) line = line.substr(0, comment);
      if (line.ends_with('\r')) line.remove_suffix(1);
      line = trim(line);
      if (!line.empty()) take(line);
    }
  }

  void error(std::string_view where, std::string message, std::string hint = {}) {
    const auto begin = static_cast<std::uint32_t>(where.data() - text_.data());
    diagnostics_.error({source_, begin, begin + static_cast<std::uint32_t>(where.size())},
                       std::move(message), std::move(hint));
  }

  std::optional<Constant> constant(Type type, std::string_view written) {
    auto read = read_constant(type, written);
    if (read) return std::move(*read);
    const auto& text = read.error().text;
    const auto end = text.find('\n');
    error(written, fmt::format("\"{}\" {}", written.substr(0, 200), text.substr(0, end)),
          end == std::string::npos ? "" : text.substr(end + 1));
    return std::nullopt;
  }

 private:
  std::string_view text_;
  std::uint32_t source_;
  Diagnostics& diagnostics_;
};

}  // namespace

std::vector<Constant> read_list_file(Type type, const Sources& sources, std::uint32_t source,
                                     Diagnostics& diagnostics) {
  std::vector<Constant> items;
  Reader reader(sources, source, diagnostics);
  const auto before = diagnostics.errors();
  reader.each_line([&](std::string_view line) {
    if (auto item = reader.constant(type, line)) items.push_back(std::move(*item));
  });
  if (diagnostics.errors() > before) return {};
  return items;
}

MapEntries read_map_file(Type key, Type value, const Sources& sources, std::uint32_t source,
                         Diagnostics& diagnostics) {
  MapEntries entries;
  std::set<std::string, std::less<>> keys;
  Reader reader(sources, source, diagnostics);
  const auto before = diagnostics.errors();
  reader.each_line([&](std::string_view line) {
    const auto colon = line.find(": ");
    if (colon == std::string_view::npos) {
      return reader.error(line, "this line has no key", "a line is written key: value, value");
    }
    const auto written = trim(line.substr(0, colon));
    auto one = reader.constant(key, written);
    if (!keys.emplace(written).second) {
      reader.error(written, fmt::format("\"{}\" is a key of this map already", written),
                   "put all its values into one line");
    }
    std::vector<Constant> values;
    for (const auto part : split(line.substr(colon + 2), ',')) {
      const auto item = trim(part);
      if (item.empty()) {
        reader.error(line.substr(colon + 2), "a value is missing",
                     "values are separated by commas");
        continue;
      }
      if (auto constant = reader.constant(value, item)) values.push_back(std::move(*constant));
    }
    if (one) entries.emplace_back(std::move(*one), std::move(values));
  });
  if (diagnostics.errors() > before) return {};
  return entries;
}

}  // namespace sekisho::rules
