#include "rules/check/list_file.h"

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_set>

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
    for (auto rest = text_; !rest.empty();) {
      auto line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(line.size() + 1, rest.size()));
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

void each_list_item(Type type, const Sources& sources, std::uint32_t source,
                    Diagnostics& diagnostics, const std::function<void(Constant&&)>& take) {
  Reader reader(sources, source, diagnostics);
  const auto before = diagnostics.errors();
  reader.each_line([&](std::string_view line) {
    auto item = reader.constant(type, line);
    if (item && diagnostics.errors() == before) take(std::move(*item));
  });
}

void each_map_entry(Type key, Type value, const Sources& sources, std::uint32_t source,
                    Diagnostics& diagnostics,
                    const std::function<void(Constant&&, std::vector<Constant>&&)>& take) {
  std::unordered_set<std::string> keys;  // whatever their case, as they are asked
  Reader reader(sources, source, diagnostics);
  const auto before = diagnostics.errors();
  reader.each_line([&](std::string_view line) {
    const auto colon = line.find(": ");
    if (colon == std::string_view::npos) {
      return reader.error(line, "this line has no key", "a line is written key: value, value");
    }
    const auto written = trim(line.substr(0, colon));
    auto one = reader.constant(key, written);
    if (!keys.insert(to_lower(written)).second) {
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
    if (one && diagnostics.errors() == before) take(std::move(*one), std::move(values));
  });
}

std::vector<Constant> read_list_file(Type type, const Sources& sources, std::uint32_t source,
                                     Diagnostics& diagnostics) {
  std::vector<Constant> items;
  const auto before = diagnostics.errors();
  each_list_item(type, sources, source, diagnostics,
                 [&](Constant&& item) { items.push_back(std::move(item)); });
  if (diagnostics.errors() > before) return {};
  return items;
}

MapEntries read_map_file(Type key, Type value, const Sources& sources, std::uint32_t source,
                         Diagnostics& diagnostics) {
  MapEntries entries;
  const auto before = diagnostics.errors();
  each_map_entry(key, value, sources, source, diagnostics,
                 [&](Constant&& one, std::vector<Constant>&& values) {
                   entries.emplace_back(std::move(one), std::move(values));
                 });
  if (diagnostics.errors() > before) return {};
  return entries;
}

}  // namespace sekisho::rules
