#include "rules/syntax/load.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>
#include <glob.h>

#include "gateway/base/file_io.h"

namespace sekisho::rules {
namespace {

namespace fs = std::filesystem;

class Loader {
 public:
  Loader(Files& files, Sources& sources, Diagnostics& diagnostics, Loaded& out)
      : files_(files), sources_(sources), diagnostics_(diagnostics), out_(out) {}

  void top(const fs::path& path) {
    auto text = files_.read(path, kMaxRuleFile);
    if (!text) {
      const auto source = sources_.add(path.string(), "");
      diagnostics_.error({source, 0, 0}, text.error().text);
      return;
    }
    if (const auto had = read_.find(path.lexically_normal()); had != read_.end()) {
      const auto source = sources_.add(path.string(), "");
      diagnostics_.error({source, 0, 0}, "this file is read already",
                         "it was named twice, or another one includes it");
      return;
    }
    take(path, std::move(*text));
  }

 private:
  void take(const fs::path& path, std::string text) {
    const auto source = sources_.add(path.string(), std::move(text));
    read_.emplace(path.lexically_normal(), source);
    open_.push_back(path.lexically_normal());
    out_.files.push_back(parse(sources_, source, diagnostics_));
    // By index: what is included is added to the same deque.
    const std::size_t index = out_.files.size() - 1;
    for (const auto& declaration : out_.files[index].file.declarations) {
      if (const auto* include = std::get_if<ast::Include>(&declaration)) {
        this->include(path, *include);
      } else {
        out_.declarations.push_back(&declaration);
      }
    }
    open_.pop_back();
  }

  void include(const fs::path& from, const ast::Include& include) {
    const auto& wanted = include.path.text;
    const auto path = beside(from, wanted);
    if (wanted.empty()) {
      diagnostics_.error(include.path.span, "the name of the file to include is empty");
      return;
    }
    if (wanted.find_first_of("*?[") == std::string::npos) return one(path, include);
    const auto found = files_.expand(path);
    if (found.empty()) {
      diagnostics_.warning(include.path.span, fmt::format("no file fits {}", path.string()));
    }
    for (const auto& each : found) one(each, include);
  }

  void one(const fs::path& path, const ast::Include& include) {
    const auto normal = path.lexically_normal();
    const Span span = include.path.span;
    if (std::ranges::find(open_, normal) != open_.end()) {
      diagnostics_.error(
          span, fmt::format("{} includes itself", path.string()),
          open_.back() == normal ? "" : fmt::format("by way of {}", open_.back().string()));
      return;
    }
    if (const auto had = read_.find(normal); had != read_.end()) {
      diagnostics_.error(span, fmt::format("{} is included already", path.string()),
                         "each file is read once");
      return;
    }
    if (open_.size() >= kMaxIncludeDepth || sources_.size() >= kMaxRuleFiles) {
      diagnostics_.error(span, fmt::format("more than {} files, or {} within each other",
                                           kMaxRuleFiles, kMaxIncludeDepth));
      return;
    }
    auto text = files_.read(path, kMaxRuleFile);
    if (!text) {
      diagnostics_.error(span, text.error().text, "names are relative to the including file");
      return;
    }
    take(path, std::move(*text));
  }

  Files& files_;
  Sources& sources_;
  Diagnostics& diagnostics_;
  Loaded& out_;
  std::vector<fs::path> open_;
  std::map<fs::path, std::uint32_t> read_;
};

}  // namespace

Loaded load(const std::vector<fs::path>& paths, Files& files, Sources& sources,
            Diagnostics& diagnostics) {
  Loaded loaded;
  Loader loader(files, sources, diagnostics, loaded);
  for (const auto& path : paths) loader.top(path);
  return loaded;
}

fs::path beside(const fs::path& rule_file, const fs::path& name) {
  return name.is_absolute() ? name : rule_file.parent_path() / name;
}

Result<std::string> DiskFiles::read(const fs::path& path, std::size_t max) {
  return read_whole_file(path, max);
}

std::vector<fs::path> DiskFiles::expand(const fs::path& pattern) {
  glob_t found{};
  std::vector<fs::path> paths;
  if (glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  globfree(&found);
  std::ranges::sort(paths);
  return paths;
}

bool DiskFiles::is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

}  // namespace sekisho::rules
