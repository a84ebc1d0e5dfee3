#include "gateway/config/load.h"

#include <array>
#include <utility>

#include <unistd.h>

#include "gateway/config/check.h"
#include "gateway/config/document.h"
#include "gateway/config/read_visitor.h"

namespace sekisho::config {
namespace {

using Outcome = std::expected<Loaded, std::vector<Diagnostic>>;

std::string system_hostname() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

// A filter in a list that has no table of its own runs with its defaults.
void add_plain_filters(Settings& settings, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const filters::CatalogEntry* entry = filters::find_in_catalog(name);
    if (entry == nullptr || settings.filter_table.contains(name)) continue;
    FilterSettings& filter = settings.filter_table[name];
    filter.use = name;
    filter.become(*entry);
  }
}

// The values that depend on other values.
void complete(Loaded& loaded) {
  Settings& settings = loaded.settings;
  if (settings.hostname.empty() && !loaded.origins.contains("hostname")) {
    settings.hostname = system_hostname();
  }
  for (auto& [name, listener] : settings.listeners) {
    if (!listener.filters_set) {
      listener.filters = settings.filters;
      const auto origin = loaded.origins.find("filters");
      if (origin != loaded.origins.end()) {
        loaded.origins["listener." + name + ".filters"] = origin->second;
      }
    }
    add_plain_filters(settings, listener.filters);
  }
}

enum class Checks : bool { none, all };

Outcome interpret(const Document& document, Problems& problems, Checks checks) {
  Loaded loaded;
  // The checks of single list elements come first: theirs is the better word on an element.
  if (checks == Checks::all) check_elements(document, problems);
  ReadVisitor reader(document, problems, loaded.origins);
  loaded.settings.visit(reader);
  reader.finish();
  complete(loaded);
  if (checks == Checks::all) check(loaded.settings, document, problems);
  std::vector<Diagnostic> told = problems.sorted();
  if (problems.errors() != 0) return std::unexpected(std::move(told));
  loaded.warnings = std::move(told);
  return loaded;
}

}  // namespace

Outcome load(const std::filesystem::path& file) {
  Problems problems;
  const Document document = read_document(file, problems);
  return interpret(document, problems, Checks::all);
}

Outcome read(const std::filesystem::path& file) {
  Problems problems;
  const Document document = read_document(file, problems);
  return interpret(document, problems, Checks::none);
}

Outcome load_text(std::string_view text, const std::filesystem::path& name) {
  Problems problems;
  const Document document = read_text(text, name, problems);
  return interpret(document, problems, Checks::all);
}

}  // namespace sekisho::config
