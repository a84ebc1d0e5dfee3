#include "gateway/auth/user_command.h"

#include <cstdio>
#include <system_error>

#include <fmt/format.h>

#include "gateway/auth/password_prompt.h"
#include "gateway/auth/users_file.h"
#include "gateway/base/encode.h"

namespace sekisho::auth {
namespace {

int say(std::string_view what) {
  fmt::print("{}\n", what);
  return 0;
}

// The text may quote what stands in a file, so no byte of it reaches the terminal unencoded.
int complain(const Error& error) {
  fmt::print(stderr, "sekisho user: {}\n", encode_for_log(error.text));
  return 1;
}

int complain(std::string text) { return complain(Error{ErrorKind::invalid, std::move(text)}); }

bool is_missing(const std::filesystem::path& file) {
  std::error_code failed;
  return !std::filesystem::exists(file, failed) && !failed;
}

std::string no_such_user(const std::string& name) {
  return fmt::format("there is no user {}; `sekisho user list` shows who there is", name);
}

std::string already_there(const std::string& name) {
  return fmt::format("there is a user {} already; `sekisho user passwd` changes the password",
                     name);
}

// Asked before the prompt, to spare people typing a password for nothing; the update looks again
// under the lock.
Result<void> look_whether_free(const std::filesystem::path& file, const std::string& name) {
  const auto opened = UsersFile::open(file);
  if (!opened) return std::unexpected(opened.error());
  if ((*opened)->users()->contains(name)) return fail(ErrorKind::invalid, already_there(name));
  return {};
}

Result<std::string> read_secret(const std::string& name, SecretKinds kinds) {
  const auto password = read_new_password(name);
  if (!password) return std::unexpected(password.error());
  return make_user_secret(*password, kinds);
}

}  // namespace

int add_user(const std::filesystem::path& file, const std::string& name, SecretKinds kinds) {
  const auto user = normalize_user_name(name);
  if (!user) return complain(user.error());
  if (!is_missing(file)) {
    if (const auto free = look_whether_free(file, *user); !free) return complain(free.error());
  }
  const auto secret = read_secret(*user, kinds);
  if (!secret) return complain(secret.error());
  if (is_missing(file)) {
    const auto created = UsersFile::create(file);
    if (!created && is_missing(file)) return complain(created.error());
  }
  const auto done = UsersFile::update(file, [&](Users& users) -> Result<void> {
    if (users.try_emplace(*user, *secret).second) return {};
    return fail(ErrorKind::invalid, already_there(*user));
  });
  if (!done) return complain(done.error());
  return say(fmt::format("added {} to {}", *user, file.native()));
}

int change_password(const std::filesystem::path& file, const std::string& name,
                    std::optional<SecretKinds> kinds) {
  const auto user = normalize_user_name(name);
  if (!user) return complain(user.error());
  const auto opened = UsersFile::open(file);
  if (!opened) return complain(opened.error());
  const auto users = (*opened)->users();
  const auto there = users->find(*user);
  if (there == users->end()) return complain(no_such_user(*user));
  const auto secret = read_secret(*user, kinds.value_or(kinds_of(there->second)));
  if (!secret) return complain(secret.error());
  const auto done = UsersFile::update(file, [&](Users& now) -> Result<void> {
    const auto found = now.find(*user);
    if (found == now.end()) return fail(ErrorKind::invalid, no_such_user(*user));
    found->second = *secret;
    return {};
  });
  if (!done) return complain(done.error());
  return say(fmt::format("changed the password of {} in {}", *user, file.native()));
}

int delete_user(const std::filesystem::path& file, const std::string& name) {
  const auto user = normalize_user_name(name);
  if (!user) return complain(user.error());
  const auto done = UsersFile::update(file, [&](Users& users) -> Result<void> {
    if (users.erase(*user) == 1) return {};
    return fail(ErrorKind::invalid, no_such_user(*user));
  });
  if (!done) return complain(done.error());
  return say(fmt::format("deleted {} from {}", *user, file.native()));
}

int list_users(const std::filesystem::path& file) {
  if (is_missing(file)) return complain(fmt::format("there is no file {}", file.native()));
  const auto opened = UsersFile::open(file);
  if (!opened) return complain(opened.error());
  for (const auto& [name, secret] : *(*opened)->users())
    say(fmt::format("{}  {}", name, describe_user_secret(secret)));
  return 0;
}

}  // namespace sekisho::auth
