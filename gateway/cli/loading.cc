#include "gateway/cli/loading.h"

#include <cstdio>
#include <utility>

#include <fmt/format.h>

namespace sekisho::cli {

using config::Diagnostic;
using config::Loaded;

namespace {

// "3 errors, 1 warning", after they were printed.
void print_with_sum(const std::vector<Diagnostic>& diagnostics) {
  print(diagnostics);
  std::size_t warnings = 0;
  for (const Diagnostic& diagnostic : diagnostics) warnings += diagnostic.warning ? 1 : 0;
  const std::size_t errors = diagnostics.size() - warnings;
  fmt::print(stderr, "{}{}\n", counted(errors, "error"),
             warnings == 0 ? "" : ", " + counted(warnings, "warning"));
}

}  // namespace

void print(const std::vector<Diagnostic>& diagnostics) {
  for (const Diagnostic& diagnostic : diagnostics) fmt::print(stderr, "{}", diagnostic.render());
}

std::string counted(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::optional<Loaded> load_or_complain(Reader reader, const std::filesystem::path& file) {
  auto loaded = reader(file);
  if (loaded) return std::move(*loaded);
  print_with_sum(loaded.error());
  return std::nullopt;
}

}  // namespace sekisho::cli
