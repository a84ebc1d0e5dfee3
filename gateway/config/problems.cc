#include "gateway/config/problems.h"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

namespace sekisho::config {

void Problems::add(const Place& place, std::string message, std::string hint, bool warning) {
  Diagnostic diagnostic;
  std::size_t order = 0;
  if (place.source != nullptr) {
    diagnostic.file = place.source->path();
    diagnostic.source_line = std::string(place.source->line(place.line));
    order = place.source->order();
  }
  diagnostic.line = place.line;
  diagnostic.column = place.column;
  diagnostic.length = place.length;
  diagnostic.message = std::move(message);
  diagnostic.hint = std::move(hint);
  diagnostic.warning = warning;
  entries_.push_back({order, std::move(diagnostic)});
}

void Problems::error(std::string_view setting, const Place& place, std::string message,
                     std::string hint) {
  if (!setting.empty() && !settings_.emplace(setting).second) return;
  ++errors_;
  add(place, std::move(message), std::move(hint), false);
}

void Problems::warning(const Place& place, std::string message, std::string hint) {
  add(place, std::move(message), std::move(hint), true);
}

void Problems::missing(std::string_view setting, const Place& place, std::string message,
                       std::string hint) {
  const std::string_view key = setting.substr(setting.rfind('.') + 1);
  const bool skipped = std::ranges::any_of(skipped_, [key](std::string_view line) {
    // "domains_file" stands in for "domains".
    return line.substr(line.rfind('.') + 1).starts_with(key);
  });
  if (!incomplete_ && !skipped) error(setting, place, std::move(message), std::move(hint));
}

bool Problems::has_error(std::string_view setting) const {
  if (settings_.contains(setting)) return true;
  for (const char separator : {'.', '['}) {
    const std::string below = std::string(setting) + separator;
    const auto next = settings_.lower_bound(below);
    if (next != settings_.end() && next->starts_with(below)) return true;
  }
  return false;
}

std::vector<Diagnostic> Problems::sorted() const {
  std::vector<std::size_t> order(entries_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [this](std::size_t index) {
    const Entry& entry = entries_[index];
    return std::tuple(entry.order, entry.diagnostic.line, entry.diagnostic.column, index);
  });
  std::vector<Diagnostic> result;
  for (const std::size_t index : order) result.push_back(entries_[index].diagnostic);
  return result;
}

}  // namespace sekisho::config
