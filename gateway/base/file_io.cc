#include "gateway/base/file_io.h"

#include <cerrno>
#include <cstdlib>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sekisho {
namespace {

Result<void> sync_folder_of(const std::filesystem::path& path) {
  return sync_folder(path.parent_path().empty() ? "." : path.parent_path());
}

Result<void> fill_new_file(File& file, const struct stat& like, std::string_view text) {
  // The owner first: chown() may clear mode bits.
  struct stat made{};
  if (::fstat(file.fd(), &made) != 0) return file.failed_to("look at");
  const bool same = made.st_uid == like.st_uid && made.st_gid == like.st_gid;
  if (!same && ::fchown(file.fd(), like.st_uid, like.st_gid) != 0)
    return file.failed_to("keep the owner in");
  if (::fchmod(file.fd(), like.st_mode & 07777U) != 0) return file.failed_to("keep the mode in");
  if (auto written = file.write(text); !written) return written;
  return file.sync();
}

}  // namespace

Result<std::string> read_whole_file(const std::filesystem::path& path, std::size_t max) {
  // O_NONBLOCK: opening a FIFO would wait for its writer.
  auto file = File::open(path, O_RDONLY | O_NONBLOCK);
  if (!file) return std::unexpected(std::move(file.error()));
  struct stat info{};
  if (::fstat(file->fd(), &info) != 0) return file->failed_to("read");
  if (!S_ISREG(info.st_mode))
    return fail(ErrorKind::invalid, fmt::format("{} is not a regular file", path.native()));
  auto text = file->read(max + 1);
  if (text && text->size() > max)
    return fail(ErrorKind::limit, fmt::format("{} is larger than {} bytes", path.native(), max));
  return text;
}

Result<Secret> read_secret(const std::filesystem::path& path) {
  constexpr std::size_t kMaxSecretBytes = 16 * 1024;  // tokens are long
  auto text = read_whole_file(path, kMaxSecretBytes);
  if (!text) return std::unexpected(std::move(text.error()));
  const std::string_view line = std::string_view(*text).substr(0, text->find_first_of("\r\n"));
  const bool fits = !line.empty() && line.find('\0') == std::string_view::npos;
  Secret secret(fits ? line : std::string_view());
  wipe(*text);
  if (!fits)
    return fail(ErrorKind::invalid,
                fmt::format("{} holds no secret in its first line", path.string()));
  return secret;
}

Result<File> lock_file(const std::filesystem::path& path) {
  auto lock = File::open(path, O_RDONLY | O_CREAT | O_NOFOLLOW);
  while (lock && ::flock(lock->fd(), LOCK_EX) != 0)
    if (errno != EINTR) return lock->failed_to("lock");
  return lock;
}

Result<void> create_file(const std::filesystem::path& path) {
  auto file = File::open(path, O_WRONLY | O_CREAT | O_EXCL);
  if (!file) return std::unexpected(std::move(file.error()));
  if (auto synced = file->sync(); !synced) return synced;
  return sync_folder_of(path);
}

Result<void> replace_file(const std::filesystem::path& path, std::string_view text) {
  struct stat like{};
  if (::stat(path.c_str(), &like) != 0) return File(-1, path).failed_to("replace");
  std::string name = path.native() + ".new.XXXXXX";
  const int fd = ::mkostemp(name.data(), O_CLOEXEC);
  File file(fd, name);
  if (fd < 0) return file.failed_to("create");
  auto done = fill_new_file(file, like, text);
  if (done && ::rename(name.c_str(), path.c_str()) != 0) done = File(-1, path).failed_to("replace");
  if (!done) {
    ::unlink(name.c_str());
    return done;
  }
  return sync_folder_of(path);
}

}  // namespace sekisho
