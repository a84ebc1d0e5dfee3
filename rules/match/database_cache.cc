#include "rules/match/database_cache.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/base/file.h"

namespace sekisho::rules::match {
namespace {

constexpr std::string_view kMagic = "sekisho patterns 1\n";
constexpr std::string_view kEnding = ".patterns";
constexpr std::size_t kDigest = 32;

std::string sha256(std::string_view bytes) {
  std::array<unsigned char, kDigest> digest{};
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
    throw std::bad_alloc();
  }
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

bool ours_alone(const struct stat& info) {
  return (info.st_uid == ::geteuid() || info.st_uid == 0) &&
         (info.st_mode & static_cast<mode_t>(S_IWGRP | S_IWOTH)) == 0;
}

}  // namespace

std::string DatabaseCache::key(std::string_view identity) {
  std::string hex;
  for (const char c : sha256(identity)) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return hex;
}

std::filesystem::path DatabaseCache::path(const std::string& key) const {
  return folder_ / (key + std::string(kEnding));
}

Result<void> DatabaseCache::check_folder() const {
  struct stat info{};
  if (::lstat(folder_.c_str(), &info) != 0) return File(-1, folder_).failed_to("look at");
  if (!S_ISDIR(info.st_mode) || !ours_alone(info)) {
    return fail(ErrorKind::invalid,
                fmt::format("{} must be a folder of ours where nobody else may write: chmod go-w",
                            folder_.native()));
  }
  return {};
}

Result<std::string> DatabaseCache::read(const std::string& key) const {
  if (auto safe = check_folder(); !safe) return std::unexpected(std::move(safe.error()));
  auto file = File::open(path(key), O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
  if (!file) return std::unexpected(std::move(file.error()));
  struct stat info{};
  if (::fstat(file->fd(), &info) != 0) return file->failed_to("look at");
  if (!S_ISREG(info.st_mode) || !ours_alone(info)) {
    return fail(ErrorKind::invalid,
                fmt::format("{} could have been written by others", path(key).native()));
  }
  auto all = file->read(kMaxFile);
  if (!all) return all;
  // Magic, key, the digest of the rest, the rest.
  const std::size_t head = kMagic.size() + key.size() + kDigest;
  const bool whole =
      all->size() >= head && all->starts_with(kMagic) &&
      all->compare(kMagic.size(), key.size(), key) == 0 &&
      all->compare(head - kDigest, kDigest, sha256(std::string_view(*all).substr(head))) == 0;
  if (!whole) {
    return fail(ErrorKind::invalid, fmt::format("{} is damaged", path(key).native()));
  }
  all->erase(0, head);
  return all;
}

Result<void> DatabaseCache::write(const std::string& key, std::string_view bytes,
                                  std::size_t max_total) const {
  std::error_code ignored;  // the check tells
  if (std::filesystem::create_directory(folder_, ignored)) ::chmod(folder_.c_str(), 0755);
  if (auto safe = check_folder(); !safe) return safe;
  std::string name = path(key).native() + ".new.XXXXXX";
  const int fd = ::mkostemp(name.data(), O_CLOEXEC);
  File file(fd, name);
  if (fd < 0) return file.failed_to("make");
  Result<void> done = file.write(fmt::format("{}{}{}", kMagic, key, sha256(bytes)));
  if (done) done = file.write(bytes);
  if (done && ::fchmod(fd, 0644) != 0) done = file.failed_to("set the mode of");
  if (done) done = file.sync();
  if (done && ::rename(name.c_str(), path(key).c_str()) != 0) done = file.failed_to("rename");
  if (!done) {
    ::unlink(name.c_str());
    return done;
  }
  prune(key, max_total);
  return sync_folder(folder_);
}

// Best effort: a file that stays costs space only.
void DatabaseCache::prune(const std::string& keep, std::size_t max_total) const {
  struct Entry {
    std::filesystem::file_time_type written;
    std::filesystem::path path;
    std::size_t size = 0;
  };
  std::vector<Entry> entries;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder_, error), end; !error && at != end;
       at.increment(error)) {
    std::error_code skip;
    if (at->path().filename().native().find(kEnding) == std::string::npos) continue;
    Entry entry{at->last_write_time(skip), at->path(), 0};
    if (!skip) entry.size = at->file_size(skip);
    if (!skip && at->path() != path(keep)) entries.push_back(std::move(entry));
  }
  std::ranges::sort(entries, std::greater<>(), &Entry::written);
  std::error_code unknown;
  std::size_t total = std::filesystem::file_size(path(keep), unknown);
  for (const auto& entry : entries) {
    total += entry.size;
    if (total > max_total) std::filesystem::remove(entry.path, unknown);
  }
}

}  // namespace sekisho::rules::match
