#include "gateway/config/known_filters.h"

#include <fmt/format.h>

#include "filters/catalog.h"
#include "gateway/base/text.h"

namespace sekisho::config {

std::string suggest(std::string_view name, const std::vector<std::string_view>& names) {
  if (const auto near = closest(name, names)) return fmt::format("did you mean \"{}\"?", *near);
  return fmt::format("there are {}", fmt::join(names, ", "));
}

std::vector<std::string_view> catalog_names() {
  std::vector<std::string_view> names;
  for (const filters::CatalogEntry& entry : filters::catalog()) names.push_back(entry.name);
  return names;
}

}  // namespace sekisho::config
