// What users_file.cc needs of the file system: a lock, a whole read, a replacement that survives a
// crash at any instant. All of it blocks; not on a loop.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/base/error.h"

namespace sekisho::auth {

// An open file descriptor that closes itself.
class FileHandle {
 public:
  explicit FileHandle(int fd) : fd_(fd) {}
  ~FileHandle();
  FileHandle(FileHandle&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileHandle& operator=(FileHandle&&) = delete;
  FileHandle(const FileHandle&) = delete;
  FileHandle& operator=(const FileHandle&) = delete;
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }

 private:
  int fd_;
};

// What tells one state of a file from another; never equal to itself for a file that changed less
// than 50 ms ago (is_final_stamp() is false then), since a second change could hide in the same
// tick of the file system's clock.
std::string file_stamp(const std::filesystem::path& path);
bool is_final_stamp(std::string_view stamp);

// A regular file of at most 64 MB.
Result<std::string> read_whole_file(const std::filesystem::path& path);

// Waits for the exclusive lock; it ends with the handle.
Result<FileHandle> lock_file(const std::filesystem::path& path);

// Makes an empty file of mode 0600; an error when there is one.
Result<void> create_file(const std::filesystem::path& path);

// The old content or the new one, never a mixture, whenever the machine stops. Mode and owner stay.
Result<void> replace_file(const std::filesystem::path& path, std::string_view text);

}  // namespace sekisho::auth
