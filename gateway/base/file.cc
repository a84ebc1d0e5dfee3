#include "gateway/base/file.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace sekisho {

Result<File> File::open(const std::filesystem::path& path, int flags) {
  File file(::open(path.c_str(), flags | O_CLOEXEC, 0600), path);
  if (file.fd() < 0) return file.failed_to((flags & O_EXCL) != 0 ? "create" : "open");
  return file;
}

std::unexpected<Error> File::failed_to(std::string_view what) const {
  const int why = errno;
  return std::unexpected(
      system_error(ErrorKind::io, fmt::format("cannot {} {}", what, path_.native()), why));
}

Result<void> File::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed_to("write");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<std::string> File::read(std::size_t max) {
  std::string out;
  char block[16 * 1024];
  while (out.size() < max) {
    const ssize_t got = ::read(fd(), block, std::min(sizeof block, max - out.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed_to("read");
    if (got == 0) break;
    out.append(block, static_cast<std::size_t>(got));
  }
  return out;
}

Result<void> File::sync() {
  if (::fsync(fd()) != 0) return failed_to("sync");
  return {};
}

Result<void> sync_folder(const std::filesystem::path& folder) {
  auto opened = File::open(folder, O_RDONLY | O_DIRECTORY);
  if (!opened) return std::unexpected(std::move(opened.error()));
  return opened->sync();
}

}  // namespace sekisho
