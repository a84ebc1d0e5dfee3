// A folder with what took long to compile, one file for each key. A file counts only if it is
// whole, ours and nobody else's to write: what is in it is used as it stands. Anything else is as
// good as no file. Everything blocks; any thread or process, writers replace whole files.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "gateway/base/error.h"

namespace sekisho::rules::match {

class DatabaseCache {
 public:
  static constexpr std::size_t kMaxFile = 512UL * 1024 * 1024;
  // All files together; beyond it those written longest ago go.
  static constexpr std::size_t kMaxTotal = 1024UL * 1024 * 1024;

  explicit DatabaseCache(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // SHA-256 of `identity`, for a file name.
  [[nodiscard]] static std::string key(std::string_view identity);

  // What was written under the key. The folder and the file must belong to root or to us, and
  // nobody else may write there.
  [[nodiscard]] Result<std::string> read(const std::string& key) const;
  // Makes the folder (mode 0755) if its parent is there.
  [[nodiscard]] Result<void> write(const std::string& key, std::string_view bytes,
                                   std::size_t max_total = kMaxTotal) const;
  [[nodiscard]] std::filesystem::path path(const std::string& key) const;

 private:
  [[nodiscard]] Result<void> check_folder() const;
  void prune(const std::string& keep, std::size_t max_total) const;

  std::filesystem::path folder_;
};

}  // namespace sekisho::rules::match
