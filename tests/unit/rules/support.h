// What the tests of rules share: files in memory, and a whole check in one call.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "rules/check/check.h"

namespace sekisho::rules::testing {

class MemoryFiles : public Files {
 public:
  std::map<std::filesystem::path, std::string> files;

  Result<std::string> read(const std::filesystem::path& path, std::size_t max) override;
  std::vector<std::filesystem::path> expand(const std::filesystem::path& pattern) override;
  bool is_file(const std::filesystem::path& path) override;
};

inline constexpr std::chrono::sys_days kToday{std::chrono::year(2026) / 11 / 24};

struct Checked {
  Sources sources;
  Diagnostics diagnostics;
  Loaded loaded;
  RuleSet set;
  // All that was said, as it is printed.
  [[nodiscard]] std::string said() const;
};

// Of the file "main.rules" in `files`, on 2026-11-24.
void check_all(MemoryFiles& files, const std::vector<std::filesystem::path>& paths, Checked& into);
// Of one text.
void check_text(const std::string& text, Checked& into);
[[nodiscard]] std::string read_source(const std::string& path);  // relative to the source tree
// The rule files in a page of the documents, as one.
[[nodiscard]] std::string examples_in(const std::string& page);

}  // namespace sekisho::rules::testing
