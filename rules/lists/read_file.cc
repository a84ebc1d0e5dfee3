// Files of lists and maps, read item by item into what is asked.
#include <utility>

#include <fmt/format.h>

#include "rules/lists/lists.h"

namespace sekisho::rules::lists {
namespace {

Broken unreadable(const std::string& file, const Error& error) {
  return {file, error.text, error.text + "\n", 1};
}

Broken mistakes_of(const std::string& file, const Sources& sources,
                   const Diagnostics& diagnostics) {
  Broken broken{file, {}, {}, diagnostics.errors()};
  for (const auto& one : diagnostics.sorted()) {
    if (one.severity != Severity::error) continue;
    if (broken.first.empty()) {
      const auto at = sources.position(one.span);
      broken.first = fmt::format("{}:{}:{}: {}", file, at.line, at.column, one.message);
    }
    broken.all += render(one, sources);
  }
  return broken;
}

// Calls read(sources, source, diagnostics) with the file's text.
std::optional<Broken> with_text(const std::string& file, Files& files, const auto& read) {
  auto text = files.read(file, kMaxListFile);
  if (!text) return unreadable(file, text.error());
  // Of its own, so that the text of a large list is gone once it is read.
  Sources sources;
  Diagnostics diagnostics;
  const auto source = sources.add(file, std::move(*text));
  read(sources, source, diagnostics);
  if (!diagnostics.has_errors()) return std::nullopt;
  return mistakes_of(file, sources, diagnostics);
}

}  // namespace

std::expected<ListPtr, Broken> read_list(const List& list, bool searched, Files& files) {
  auto items = std::make_shared<ListItems>(list.type, searched);
  auto broken = with_text(list.file, files, [&](const auto& sources, auto source, auto& found) {
    each_list_item(list.type, sources, source, found, [&](Constant&& item) { items->add(item); });
  });
  if (broken) return std::unexpected(std::move(*broken));
  items->finish();
  return items;
}

std::expected<MapPtr, Broken> read_map(const Map& map, Files& files) {
  auto items = std::make_shared<MapItems>(map.key, map.value);
  auto broken = with_text(map.file, files, [&](const auto& sources, auto source, auto& found) {
    each_map_entry(
        map.key, map.value, sources, source, found,
        [&](Constant&& key, std::vector<Constant>&& values) { items->add(key, values); });
  });
  if (broken) return std::unexpected(std::move(*broken));
  items->finish();
  return items;
}

}  // namespace sekisho::rules::lists
