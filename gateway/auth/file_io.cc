#include "gateway/auth/file_io.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sekisho::auth {
namespace {

constexpr off_t kMaxFileBytes = 64L * 1024 * 1024;

std::unexpected<Error> cannot(std::string_view what, const std::filesystem::path& path) {
  const int why = errno;
  return std::unexpected(
      system_error(ErrorKind::io, fmt::format("cannot {} {}", what, path.native()), why));
}

Result<void> write_all(int fd, std::string_view text, const std::filesystem::path& path) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return cannot("write", path);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

// A new name is only sure to survive a crash once its directory is on the disk.
Result<void> sync_directory_of(const std::filesystem::path& path) {
  const std::filesystem::path parent = path.parent_path().empty() ? "." : path.parent_path();
  const FileHandle directory(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.is_open() || ::fsync(directory.fd()) != 0) return cannot("sync", parent);
  return {};
}

Result<void> fill_new_file(int fd, const std::filesystem::path& path, const struct stat& like,
                           std::string_view text) {
  // The owner first: chown() may clear mode bits.
  struct stat made{};
  if (::fstat(fd, &made) != 0) return cannot("create a file beside", path);
  const bool same = made.st_uid == like.st_uid && made.st_gid == like.st_gid;
  if (!same && ::fchown(fd, like.st_uid, like.st_gid) != 0) {
    return cannot("keep the owner of", path);
  }
  if (::fchmod(fd, like.st_mode & 07777U) != 0) return cannot("keep the mode of", path);
  if (auto written = write_all(fd, text, path); !written) return written;
  if (::fsync(fd) != 0) return cannot("sync", path);
  return {};
}

}  // namespace

FileHandle::~FileHandle() {
  if (fd_ >= 0) ::close(fd_);
}

std::string file_stamp(const std::filesystem::path& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return fmt::format("errno {}", errno);
  // The change time counts too: tools that keep the modification time (cp -p) exist.
  const auto age = std::chrono::system_clock::now().time_since_epoch() -
                   std::chrono::seconds(info.st_ctim.tv_sec) -
                   std::chrono::nanoseconds(info.st_ctim.tv_nsec);
  const bool fresh = age < std::chrono::milliseconds(50);
  return fmt::format("{}.{} {}.{} {} {}{}", info.st_mtim.tv_sec, info.st_mtim.tv_nsec,
                     info.st_ctim.tv_sec, info.st_ctim.tv_nsec, info.st_size, info.st_ino,
                     fresh ? " fresh" : "");
}

bool is_final_stamp(std::string_view stamp) { return !stamp.ends_with("fresh"); }

Result<std::string> read_whole_file(const std::filesystem::path& path) {
  // O_NONBLOCK: opening a FIFO would wait for its writer.
  const FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info{};
  if (!file.is_open() || ::fstat(file.fd(), &info) != 0) return cannot("read", path);
  if (!S_ISREG(info.st_mode)) {
    return fail(ErrorKind::invalid, fmt::format("{}: not a regular file", path.native()));
  }
  if (info.st_size > kMaxFileBytes) {
    return fail(ErrorKind::limit, fmt::format("{}: larger than 64 MB", path.native()));
  }
  std::string text;
  std::array<char, 16'384> block{};
  while (true) {
    const ssize_t got = ::read(file.fd(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return cannot("read", path);
    if (got == 0) return text;
    text.append(block.data(), static_cast<std::size_t>(got));
  }
}

Result<FileHandle> lock_file(const std::filesystem::path& path) {
  FileHandle lock(::open(path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock.is_open()) return cannot("open the lock file", path);
  while (::flock(lock.fd(), LOCK_EX) != 0) {
    if (errno != EINTR) return cannot("lock", path);
  }
  return lock;
}

Result<void> create_file(const std::filesystem::path& path) {
  const FileHandle file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.is_open()) return cannot("create", path);
  if (::fsync(file.fd()) != 0) return cannot("sync", path);
  return sync_directory_of(path);
}

Result<void> replace_file(const std::filesystem::path& path, std::string_view text) {
  struct stat like{};
  if (::stat(path.c_str(), &like) != 0) return cannot("replace", path);
  std::string name = path.native() + ".new.XXXXXX";
  const FileHandle file(::mkostemp(name.data(), O_CLOEXEC));
  if (!file.is_open()) return cannot("create a file beside", path);
  auto done = fill_new_file(file.fd(), path, like, text);
  if (done && ::rename(name.c_str(), path.c_str()) != 0) done = cannot("replace", path);
  if (!done) {
    ::unlink(name.c_str());
    return done;
  }
  return sync_directory_of(path);
}

}  // namespace sekisho::auth
