// The text of a users file: "name:secret" lines (user_secret.h), # comments, blank lines. Reading
// and editing it as text, so that comments and order survive an edit. Pure.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "gateway/base/error.h"

namespace sekisho::auth {

// Names as they log in: 1 to 255 bytes of UTF-8 without ':', blanks at the ends or control
// characters, not beginning with '#'; compared as SASLprep (RFC 4013) writes them, with ASCII case
// folded.
Result<std::string> normalize_user_name(std::string_view name);

// Normalized name → secret.
using Users = std::map<std::string, std::string, std::less<>>;

// The error names file:line:column and never quotes a secret.
Result<Users> parse_users(std::string_view text, const std::filesystem::path& file);

// `text` with the lines of `users` as they are now: changed in place, gone, or added at the end.
// An error when `users` holds what parse_users() would refuse.
Result<std::string> edit_users(std::string_view text, const Users& users);

}  // namespace sekisho::auth
