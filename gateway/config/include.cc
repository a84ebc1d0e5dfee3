#include "gateway/config/include.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <system_error>

#include <fmt/format.h>
#include <glob.h>

#include "gateway/config/settings.h"

namespace sekisho::config {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kWildcards = "*?[";

// The main file's folder is no pattern, whatever its name holds.
std::string escape_pattern(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (kWildcards.find(c) != std::string_view::npos || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

std::vector<fs::path> matches(const std::string& pattern, const fs::path& folder) {
  const std::string full = fs::path(pattern).is_absolute() || folder.empty()
                               ? pattern
                               : escape_pattern(folder.string()) + "/" + pattern;
  glob_t found{};
  const std::unique_ptr<glob_t, decltype(&globfree)> guard(&found, globfree);
  std::vector<fs::path> result;
  if (glob(full.c_str(), GLOB_NOSORT, nullptr, &found) != 0) return result;
  for (std::size_t i = 0; i < found.gl_pathc; ++i) result.emplace_back(found.gl_pathv[i]);
  std::ranges::sort(result);
  return result;
}

std::string identity(const fs::path& file) {
  std::error_code ignored;
  return fs::weakly_canonical(file, ignored).string();
}

}  // namespace

std::vector<fs::path> included_files(const Node* include, const fs::path& main_file,
                                     Problems& problems) {
  std::set<std::string> seen{identity(main_file)};
  std::vector<fs::path> result;
  const auto take = [&](const std::vector<fs::path>& files) {
    for (const fs::path& file : files) {
      if (seen.insert(identity(file)).second) result.push_back(file);
    }
  };
  const fs::path folder = main_file.parent_path();
  if (include == nullptr) {
    for (const std::string& pattern : Settings{}.include) take(matches(pattern, folder));
    return result;
  }
  for (std::size_t i = 0; i < include->items.size(); ++i) {
    const Node& item = include->items[i];
    if (item.kind != Node::Kind::text) continue;  // reported when the setting is read
    const std::vector<fs::path> files = matches(item.text, folder);
    if (files.empty() && item.text.find_first_of(kWildcards) == std::string::npos) {
      problems.error(
          fmt::format("include[{}]", i), item.place,
          fmt::format("there is no file {} to include", item.text),
          "paths count from the folder of this file; a pattern such as \"conf.d/*.toml\" "
          "may match nothing");
    }
    take(files);
  }
  return result;
}

}  // namespace sekisho::config
