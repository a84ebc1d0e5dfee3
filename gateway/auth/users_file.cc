#include "gateway/auth/users_file.h"

#include <system_error>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include "gateway/base/file_io.h"

namespace sekisho::auth {
namespace {

// A link is followed, so that the file it points to is replaced and not the link.
std::filesystem::path target_of(const std::filesystem::path& path) {
  std::error_code failed;
  auto target = std::filesystem::canonical(path, failed);
  return failed ? path : target;
}

// When root edits the file of the gateway's own user, that user must be able to lock it later.
void share_lock(const File& lock, const std::filesystem::path& file) {
  struct stat owner{};
  if (::geteuid() != 0 || ::stat(file.c_str(), &owner) != 0) return;
  static_cast<void>(::fchown(lock.fd(), owner.st_uid, owner.st_gid));
}

}  // namespace

Result<Users> UsersFile::read(const std::filesystem::path& path) {
  const auto text = read_whole_file(path);
  if (!text) return std::unexpected(text.error());
  return parse_users(*text, path);
}

Result<std::shared_ptr<UsersFile>> UsersFile::open(const std::filesystem::path& path) {
  std::shared_ptr<UsersFile> file(new UsersFile(path));
  auto users = read(path);
  if (!users) return std::unexpected(users.error());
  file->snapshot_ = {std::make_shared<const Users>(std::move(*users)), 1};
  return file;
}

Result<void> UsersFile::create(const std::filesystem::path& path) { return create_file(path); }

UsersFile::Snapshot UsersFile::snapshot() const {
  const std::lock_guard lock(mutex_);
  return snapshot_;
}

Result<bool> UsersFile::reload_if_changed() {
  return watch_.look([this]() -> Result<bool> {
    auto users = read(path_);
    if (!users) return std::unexpected(std::move(users.error()));
    const std::lock_guard lock(mutex_);
    if (*users == *snapshot_.users) return false;
    snapshot_ = {std::make_shared<const Users>(std::move(*users)), snapshot_.generation + 1};
    return true;
  });
}

Result<void> UsersFile::update(const std::filesystem::path& path,
                               const std::function<Result<void>(Users&)>& change) {
  const std::filesystem::path target = target_of(path);
  const auto lock = lock_file(target.native() + ".lock");
  if (!lock) return std::unexpected(lock.error());
  share_lock(*lock, target);
  const auto text = read_whole_file(target);
  if (!text) return std::unexpected(text.error());
  auto users = parse_users(*text, target);
  if (!users) return std::unexpected(users.error());
  if (const auto changed = change(*users); !changed) return changed;
  const auto edited = edit_users(*text, *users);
  if (!edited) return std::unexpected(edited.error());
  return replace_file(target, *edited);
}

}  // namespace sekisho::auth
