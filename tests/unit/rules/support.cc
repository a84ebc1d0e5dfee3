#include "tests/unit/rules/support.h"

#include <fstream>
#include <sstream>

#include <fnmatch.h>

namespace sekisho::rules::testing {

Result<std::string> MemoryFiles::read(const std::filesystem::path& path, std::size_t /*max*/) {
  const auto found = files.find(path.lexically_normal());
  if (found == files.end()) return fail(ErrorKind::io, "cannot open " + path.string());
  return found->second;
}

std::vector<std::filesystem::path> MemoryFiles::expand(const std::filesystem::path& pattern) {
  std::vector<std::filesystem::path> found;
  for (const auto& [path, text] : files) {
    if (fnmatch(pattern.c_str(), path.c_str(), FNM_PATHNAME) == 0) found.push_back(path);
  }
  return found;
}

bool MemoryFiles::is_file(const std::filesystem::path& path) {
  return files.contains(path.lexically_normal());
}

std::string Checked::said() const {
  std::string all;
  for (const auto& one : diagnostics.sorted()) all += render(one, sources);
  return all;
}

void check_all(MemoryFiles& files, const std::vector<std::filesystem::path>& paths, Checked& into) {
  into.loaded = load(paths, files, into.sources, into.diagnostics);
  const CheckContext context{.today = kToday, .files = &files, .listeners = {}, .upstreams = {}};
  into.set = check(into.loaded, into.sources, context, into.diagnostics);
}

void check_text(const std::string& text, Checked& into) {
  MemoryFiles files;
  files.files["main.rules"] = text;
  check_all(files, {"main.rules"}, into);
}

std::string read_source(const std::string& path) {
  std::ifstream in(std::string(SEKISHO_SOURCE_DIR) + "/" + path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string examples_in(const std::string& page) {
  std::istringstream lines(page);
  std::string text;
  std::string line;
  bool inside = false;
  while (std::getline(lines, line)) {
    if (line.starts_with("```")) {
      inside = line == "```rules";
    } else if (inside) {
      text += line + "\n";
    }
  }
  return text;
}

}  // namespace sekisho::rules::testing
