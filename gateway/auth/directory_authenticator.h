// The Authenticator on LDAP or PAM: PLAIN and LOGIN, with the throttle and the memory of the one on
// the users file. A directory that can't be asked is `unavailable`, never a wrong password.
#pragma once

#include <memory>

#include "gateway/auth/authenticator.h"

namespace sekisho::auth {

// For settings with helpers.used(). Reads the file with the search password.
Result<std::shared_ptr<PasswordAuthenticator>> make_directory_authenticator(
    const AuthSettings& settings);

}  // namespace sekisho::auth
