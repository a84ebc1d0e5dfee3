#include "rules/match/database_source.h"

#include <string>
#include <utility>

#include <fmt/format.h>

#include "rules/match/database_cache.h"

namespace sekisho::rules::match {
namespace {

std::string key_of(std::span<const Regex* const> regexes) {
  std::string all = fmt::format("patterns 1 {}\n", HyperscanDatabase::identity());
  for (const Regex* regex : regexes) {
    all += fmt::format("{} {} ", regex->flags(), regex->pattern().size());
    all += regex->pattern();
  }
  return DatabaseCache::key(all);
}

}  // namespace

Result<HyperscanDatabase> cached_database(std::span<const Regex* const> regexes,
                                          const std::filesystem::path& folder) {
  if (auto can = HyperscanDatabase::available(); !can) {
    return std::unexpected(std::move(can.error()));
  }
  const auto bytes = DatabaseCache(folder).read(key_of(regexes));
  if (!bytes) return std::unexpected(bytes.error());
  return HyperscanDatabase::load(*bytes, regexes.size());
}

Result<HyperscanDatabase> made_database(std::span<const Regex* const> regexes,
                                        const std::filesystem::path& folder) {
  auto made = HyperscanDatabase::compile(regexes);
  if (!made || folder.empty()) return made;
  if (auto bytes = made->serialized()) {
    (void)DatabaseCache(folder).write(key_of(regexes), *bytes);
  }
  return made;
}

Result<bool> fill_cache(std::span<const Regex* const> regexes,
                        const std::filesystem::path& folder) {
  if (cached_database(regexes, folder)) return false;
  auto made = HyperscanDatabase::compile(regexes);
  if (!made) return std::unexpected(std::move(made.error()));
  auto bytes = made->serialized();
  if (!bytes) return std::unexpected(std::move(bytes.error()));
  auto written = DatabaseCache(folder).write(key_of(regexes), *bytes);
  if (!written) return std::unexpected(std::move(written.error()));
  return true;
}

}  // namespace sekisho::rules::match
