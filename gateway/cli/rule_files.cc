#include "gateway/cli/rule_files.h"

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "gateway/base/file_io.h"
#include "rules/check/list_file.h"

namespace sekisho::cli {
namespace {

// What stands in the files of lists and maps; that they exist is the checker's business.
void check_items(rules::Files& files, CheckedRules& into) {
  const auto source_of = [&](const std::string& path) -> std::optional<std::uint32_t> {
    if (path.empty()) return std::nullopt;
    auto text = files.read(path, rules::kMaxListFile);
    if (!text) return std::nullopt;
    return into.sources.add(path, std::move(*text));
  };
  for (const auto& list : into.set.lists) {
    if (const auto source = source_of(list.file)) {
      (void)rules::read_list_file(list.type, into.sources, *source, into.diagnostics);
    }
  }
  for (const auto& map : into.set.maps) {
    if (const auto source = source_of(map.file)) {
      (void)rules::read_map_file(map.key, map.value, into.sources, *source, into.diagnostics);
    }
  }
}

}  // namespace

std::chrono::sys_days today() {
  return std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
}

void check_rule_files(const std::vector<std::filesystem::path>& paths, CheckedRules& into) {
  rules::DiskFiles files;
  const auto loaded = rules::load(paths, files, into.sources, into.diagnostics);
  const rules::CheckContext context{
      .today = today(), .files = &files, .listeners = {}, .upstreams = {}};
  into.set = rules::check(loaded, into.sources, context, into.diagnostics);
  check_items(files, into);
}

void complain(const CheckedRules& checked) {
  for (const auto& one : checked.diagnostics.sorted()) {
    fmt::print(stderr, "{}", rules::render(one, checked.sources));
  }
}

std::unique_ptr<RuleFiles> load_rule_files(const std::vector<std::filesystem::path>& paths) {
  auto out = std::make_unique<RuleFiles>();
  check_rule_files(paths, out->checked);
  if (out->checked.diagnostics.has_errors()) {
    complain(out->checked);
    return nullptr;
  }
  rules::DiskFiles files;
  auto loaded = rules::lists::load_lists(out->checked.set, files);
  for (const auto& broken : loaded.broken) fmt::print(stderr, "{}\n", broken.all);
  if (!loaded.broken.empty()) return nullptr;
  out->lists = std::move(loaded.lists);
  return out;
}

}  // namespace sekisho::cli
