// File: an open descriptor with whole writes and reads, synchronous. For Offload threads and tools.
#pragma once

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "gateway/base/error.h"

namespace sekisho::inbox {

class File {
 public:
  static Result<File> open(const std::filesystem::path& path, int flags) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
    if (fd < 0)
      return std::unexpected(system_error(ErrorKind::io, "cannot open " + path.string(), errno));
    return File(fd, path.string());
  }
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)), name_(std::move(other.name_)) {}
  File& operator=(File&&) = delete;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }

  Result<void> write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return failed("cannot write ");
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
  }

  Result<void> sync() {
    if (::fsync(fd_) != 0) return failed("cannot sync ");
    return {};
  }

  // From the present place, at most `max` bytes.
  Result<std::string> read(std::size_t max) {
    std::string out;
    char block[16 * 1024];
    while (out.size() < max) {
      const ssize_t n = ::read(fd_, block, std::min(sizeof block, max - out.size()));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return std::unexpected(failed("cannot read ").error());
      if (n == 0) break;
      out.append(block, static_cast<std::size_t>(n));
    }
    return out;
  }

 private:
  File(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  [[nodiscard]] Result<void> failed(const char* what) const {
    return std::unexpected(system_error(ErrorKind::io, what + name_, errno));
  }
  int fd_;
  std::string name_;
};

}  // namespace sekisho::inbox
