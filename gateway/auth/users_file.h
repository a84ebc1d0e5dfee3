// UsersFile: "name:secret" lines with crypt(3) hashes and SCRAM secrets, # comments. Read whole,
// replaced whole: writers make a new file beside it, fsync and rename, under a lock file's flock.
// Lookups take an immutable snapshot; any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "gateway/auth/users_text.h"
#include "gateway/base/error.h"
#include "gateway/base/file_watch.h"

namespace sekisho::auth {

class UsersFile {
 public:
  // A file that doesn't exist is an error, for a daemon; create() makes an empty one (mode 0600).
  static Result<std::shared_ptr<UsersFile>> open(const std::filesystem::path& path);
  static Result<void> create(const std::filesystem::path& path);

  // The users and their generation, which is bumped at every change of content: a remembered
  // credential of another generation is void.
  struct Snapshot {
    std::shared_ptr<const Users> users;
    std::uint64_t generation = 0;
  };
  [[nodiscard]] Snapshot snapshot() const;
  [[nodiscard]] std::shared_ptr<const Users> users() const { return snapshot().users; }
  [[nodiscard]] std::uint64_t generation() const { return snapshot().generation; }
  // Reads the disk: call it on the Offload pool. A broken file keeps the old content; the reason is
  // returned once, not at every look until somebody mends the file.
  Result<bool> reload_if_changed();

  // For `sekisho user`: read, change, write under the lock. Comments, mode and owner stay.
  static Result<void> update(const std::filesystem::path& path,
                             const std::function<Result<void>(Users&)>& change);

 private:
  explicit UsersFile(std::filesystem::path path) : path_(std::move(path)), watch_(path_) {}
  static Result<Users> read(const std::filesystem::path& path);

  std::filesystem::path path_;
  FileWatch watch_;
  mutable std::mutex mutex_;
  Snapshot snapshot_;  // guarded by mutex_
};

}  // namespace sekisho::auth
