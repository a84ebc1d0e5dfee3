// Whether a file has changed since it was read, for lists and passwords that are read again without
// a restart. Looks at the disk: not on a loop. Any thread.
#pragma once

#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/base/error.h"

namespace sekisho {

// What tells one state of a file from another. While a file has changed less than 50 ms ago, a
// second change could hide in the same tick of the file system's clock: is_final_stamp() is false,
// and an equal stamp means nothing.
std::string file_stamp(const std::filesystem::path& path);
bool is_final_stamp(std::string_view stamp);

// Has a file read again when it has changed. Make it before the file is read for the first time.
class FileWatch {
 public:
  explicit FileWatch(std::filesystem::path path)
      : path_(std::move(path)), stamp_(file_stamp(path_)) {}

  // Calls `reload` if the file has changed since the last look and returns what that returns, else
  // false. An error is returned once, not at every look until somebody mends the file.
  Result<bool> look(const std::function<Result<bool>()>& reload);

 private:
  std::filesystem::path path_;
  std::mutex looking_;
  std::string stamp_;   // guarded by looking_
  std::string reason_;  // guarded by looking_; why the file was last refused
};

}  // namespace sekisho
