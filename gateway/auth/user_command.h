// `sekisho user add|passwd|del|list`: keeps a users file. Passwords are prompted for on the
// terminal without echo (twice), or read as one line from standard input when that is no terminal;
// never taken from the command line.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "gateway/auth/user_secret.h"

namespace sekisho::auth {

// Each returns a process exit code and prints what it did or why not.
int add_user(const std::filesystem::path& file, const std::string& name, SecretKinds kinds);
// Without `kinds`: those that the user has.
int change_password(const std::filesystem::path& file, const std::string& name,
                    std::optional<SecretKinds> kinds);
int delete_user(const std::filesystem::path& file, const std::string& name);
int list_users(const std::filesystem::path& file);

}  // namespace sekisho::auth
