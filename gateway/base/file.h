// File: an open file that closes itself, with whole reads and writes. Errors name the file.
// It blocks: for offload threads and tools, not on a loop. One thread at a time.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/base/descriptor.h"
#include "gateway/base/error.h"

namespace sekisho {

class File {
 public:
  // As open(2); closed on exec, mode 0600 where it is made.
  static Result<File> open(const std::filesystem::path& path, int flags);
  // Takes an open descriptor.
  File(int fd, std::filesystem::path path) : descriptor_(fd), path_(std::move(path)) {}

  [[nodiscard]] int fd() const { return descriptor_.get(); }
  Result<void> write(std::string_view bytes);
  // From the present place to the end, at most `max` bytes.
  Result<std::string> read(std::size_t max);
  // Until it is on the disk.
  Result<void> sync();
  // "cannot `what` PATH: …", by errno.
  [[nodiscard]] std::unexpected<Error> failed_to(std::string_view what) const;

 private:
  Descriptor descriptor_;
  std::filesystem::path path_;
};

// A new or changed name in a folder survives a crash only once the folder itself is on the disk.
Result<void> sync_folder(const std::filesystem::path& folder);

}  // namespace sekisho
