// Rule files and what they include, read into Sources and parsed, in the order in which they are
// asked. Reading goes through `Files`, so that tests and the fuzzer need no disk; it blocks.
// Bounded in files, depth and bytes; cycles are errors.
#pragma once

#include <deque>
#include <filesystem>
#include <string>
#include <vector>

#include "gateway/base/error.h"
#include "rules/syntax/diagnostic.h"
#include "rules/syntax/parser.h"

namespace sekisho::rules {

class Files {
 public:
  virtual ~Files() = default;
  virtual Result<std::string> read(const std::filesystem::path& path, std::size_t max) = 0;
  // The files that a pattern with * ? [ fits, sorted.
  virtual std::vector<std::filesystem::path> expand(const std::filesystem::path& pattern) = 0;
  virtual bool is_file(const std::filesystem::path& path) = 0;
};

class DiskFiles : public Files {
 public:
  Result<std::string> read(const std::filesystem::path& path, std::size_t max) override;
  std::vector<std::filesystem::path> expand(const std::filesystem::path& pattern) override;
  bool is_file(const std::filesystem::path& path) override;
};

inline constexpr std::size_t kMaxRuleFiles = 500;
inline constexpr std::size_t kMaxIncludeDepth = 16;

struct Loaded {
  std::deque<Parsed> files;
  std::vector<const ast::Declaration*> declarations;  // of all files, includes in their place
};

[[nodiscard]] Loaded load(const std::vector<std::filesystem::path>& paths, Files& files,
                          Sources& sources, Diagnostics& diagnostics);

// A name in a rule file means a file beside it.
[[nodiscard]] std::filesystem::path beside(const std::filesystem::path& rule_file,
                                           const std::filesystem::path& name);

}  // namespace sekisho::rules
