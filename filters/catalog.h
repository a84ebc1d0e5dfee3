// The catalog: every filter there is, by name, in one function. No static registries: what is
// linked is what is listed.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "filters/filter.h"
#include "gateway/base/settings_visitor.h"

namespace sekisho::filters {

// What the rest of a configuration has, for filters whose settings name it.
struct Surroundings {
  std::vector<std::string> listeners{};
  std::vector<std::string> upstreams{};
};

// A filter kind: its settings are read by visit(), then build() makes the filter, or says why not.
// `previous` is the filter that an earlier configuration had under the same name, if any: one that
// counts takes its counts over from there, so that a reload does not forgive anybody.
class Blueprint {
 public:
  virtual ~Blueprint() = default;
  virtual void visit(SettingsVisitor& v) = 0;
  // Said between visit() and build().
  virtual void stand_in(const Surroundings& /*surroundings*/) {}
  [[nodiscard]] virtual Result<std::shared_ptr<const Filter>> build(
      const Filter* previous = nullptr) const = 0;
  // Its default of `timeout`, when not that of all filters.
  [[nodiscard]] virtual std::optional<std::chrono::milliseconds> default_timeout() const {
    return std::nullopt;
  }
};

struct CatalogEntry {
  std::string_view name;  // the word in `use = "…"`
  std::string_view summary;
  std::function<std::unique_ptr<Blueprint>()> make;
  // Filters whose findings it goes by: one of them at least must stand before it in a list.
  std::vector<std::string_view> judges_by = {};
};

const std::vector<CatalogEntry>& catalog();
const CatalogEntry* find_in_catalog(std::string_view name);  // null: no such filter

}  // namespace sekisho::filters
