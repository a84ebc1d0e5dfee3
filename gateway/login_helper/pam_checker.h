// PamChecker: a password is right when the service's PAM modules authenticate its user and say that
// the account may be used now.
#pragma once

#include <memory>

#include "gateway/login_helper/helper_settings.h"
#include "gateway/login_helper/password_checker.h"

namespace sekisho::login {

std::unique_ptr<PasswordChecker> make_pam_checker(const PamSettings& settings);

}  // namespace sekisho::login
