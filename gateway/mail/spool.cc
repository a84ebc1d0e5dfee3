#include "gateway/mail/spool.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace sekisho::mail {
namespace {

Result<int> open_unlinked(const std::filesystem::path& directory) {
  int fd = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
  if (fd >= 0) return fd;
  // Not every file system has O_TMPFILE; they say so in several ways (open(2)).
  if (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL) {
    std::string name = (directory / "spool-XXXXXX").string();
    fd = ::mkostemp(name.data(), O_CLOEXEC);
    if (fd >= 0) {
      ::unlink(name.c_str());
      return fd;
    }
  }
  return std::unexpected(
      system_error(ErrorKind::io, "cannot create a spool file in " + directory.string(), errno));
}

Result<void> write_all(int fd, std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ::ssize_t written =
        ::pwrite(fd, bytes.data(), bytes.size(), static_cast<::off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      return std::unexpected(system_error(ErrorKind::io, "cannot write to the spool", errno));
    }
    if (written == 0) return fail(ErrorKind::io, "the spool takes no more bytes");
    bytes.remove_prefix(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

Result<void> read_all(int fd, std::uint64_t offset, std::size_t size, std::string& out) {
  out.resize(size);
  std::size_t done = 0;
  while (done < size) {
    const ::ssize_t got =
        ::pread(fd, out.data() + done, size - done, static_cast<::off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return std::unexpected(system_error(ErrorKind::io, "cannot read from the spool", errno));
    }
    if (got == 0) return fail(ErrorKind::io, "the spool file is shorter than what was written");
    done += static_cast<std::size_t>(got);
  }
  return {};
}

}  // namespace

Spool::Spool(Loop& loop, Offload& offload, const SpoolSettings& settings)
    : loop_(loop), offload_(offload), settings_(settings) {}

Spool::~Spool() {
  if (fd_ >= 0) ::close(fd_);
}

void Spool::reserve(std::size_t size, std::size_t most) {
  if (size <= memory_.capacity()) return;
  // Not memory_.reserve(): libstdc++ doubles there too, past any bound.
  std::string larger;
  larger.reserve(std::max(size, std::min(memory_.capacity() * 2, most)));
  larger = memory_;
  memory_.swap(larger);
}

Task<Result<void>> Spool::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t most = in_file() ? kBlock : settings_.memory;
    const std::size_t take = std::min(bytes.size(), most - std::min(most, memory_.size()));
    if (take == 0) {
      auto flushed = co_await flush();
      if (!flushed) co_return flushed;
      continue;
    }
    reserve(memory_.size() + take, most);
    memory_ += bytes.substr(0, take);
    size_ += take;
    bytes.remove_prefix(take);
  }
  co_return Result<void>{};
}

Task<Result<void>> Spool::flush() {
  auto outcome = co_await offload_.run(loop_, [this]() -> Result<int> {
    int fd = fd_;
    if (fd < 0) {
      auto opened = open_unlinked(settings_.directory);
      if (!opened) return opened;
      fd = *opened;
    }
    auto written = write_all(fd, memory_, in_file_);
    if (!written) {
      if (fd != fd_) ::close(fd);
      return std::unexpected(written.error());
    }
    return fd;
  });
  if (!outcome) co_return std::unexpected(outcome.error());
  if (!*outcome) co_return std::unexpected((*outcome).error());
  fd_ = **outcome;
  in_file_ += memory_.size();
  memory_.clear();
  if (memory_.capacity() > kBlock) std::string().swap(memory_);
  co_return Result<void>{};
}

Task<Result<void>> Spool::read(std::uint64_t offset, std::string& out) {
  if (offset >= size_ || in_memory(offset)) co_return read_now(offset, kBlock, out);
  auto outcome =
      co_await offload_.run(loop_, [this, offset, &out] { return read_now(offset, kBlock, out); });
  co_return outcome ? *outcome : std::unexpected(outcome.error());
}

Result<void> Spool::read_now(std::uint64_t offset, std::size_t max, std::string& out) const {
  out.clear();
  if (offset >= size_) return {};
  if (in_memory(offset)) {
    out.assign(memory_, static_cast<std::size_t>(offset - in_file_), max);
    return {};
  }
  const std::uint64_t size = std::min<std::uint64_t>(max, in_file_ - offset);
  return read_all(fd_, offset, static_cast<std::size_t>(size), out);
}

Task<void> Spool::discard() {
  std::string().swap(memory_);
  in_file_ = size_ = 0;
  const int fd = std::exchange(fd_, -1);
  if (fd < 0) co_return;
  const auto closed = co_await offload_.run(loop_, [fd] { return ::close(fd); });
  if (!closed) ::close(fd);
}

}  // namespace sekisho::mail
