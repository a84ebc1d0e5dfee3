#include "gateway/process_file.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include "gateway/base/descriptor.h"
#include "gateway/base/file_io.h"

namespace sekisho {
namespace {

// Held while the file is changed: a process that ends must not remove what the next one has written
// between its look and its removal.
Descriptor lock(const std::filesystem::path& folder) {
  Descriptor held(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  while (held.is_open() && ::flock(held.get(), LOCK_EX) != 0 && errno == EINTR) {
  }
  return held;
}

}  // namespace

std::filesystem::path ProcessFile::path_in(const std::filesystem::path& state_directory) {
  return state_directory / "processes";
}

Result<ProcessFile> ProcessFile::read(const std::filesystem::path& state_directory) {
  const auto path = path_in(state_directory);
  std::error_code failed;
  if (!std::filesystem::exists(path, failed) && !failed)
    return fail(ErrorKind::unavailable, path.string() + " is not there");
  auto text = read_whole_file(path, 256);
  if (!text) return std::unexpected(std::move(text.error()));
  ProcessFile found;
  if (std::sscanf(text->c_str(), "%d %d", &found.main, &found.gateway) != 2 || found.main <= 1 ||
      found.gateway <= 1)
    return fail(ErrorKind::invalid, path.string() + " does not hold two process ids");
  return found;
}

Result<void> ProcessFile::write(const std::filesystem::path& state_directory) const {
  const auto path = path_in(state_directory);
  const Descriptor locked = lock(state_directory);
  const std::string temporary = fmt::format("{}.new.{}", path.string(), gateway);
  const std::string text = fmt::format("{} {}\n", main, gateway);
  constexpr mode_t kMode = 0644;
  const Descriptor file(
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, kMode));
  if (!file.is_open())
    return std::unexpected(system_error(ErrorKind::io, "cannot create " + temporary, errno));
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      ::rename(temporary.c_str(), path.c_str()) != 0) {
    auto error = system_error(ErrorKind::io, "cannot write " + path.string(), errno);
    ::unlink(temporary.c_str());
    return std::unexpected(std::move(error));
  }
  return {};
}

void ProcessFile::remove(const std::filesystem::path& state_directory) const {
  const Descriptor locked = lock(state_directory);
  if (const auto now = read(state_directory); now && *now == *this)
    ::unlink(path_in(state_directory).c_str());
}

}  // namespace sekisho
