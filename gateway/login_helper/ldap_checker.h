// LdapChecker: a password is right when the directory lets its user bind with it (RFC 4513 section
// 5.1.3). Connects anew for each question; everything is bounded by `patience`.
#pragma once

#include <chrono>
#include <memory>

#include "gateway/login_helper/helper_settings.h"
#include "gateway/login_helper/password_checker.h"

namespace sekisho::login {

// `search_password`: of settings.search_dn.
std::unique_ptr<PasswordChecker> make_ldap_checker(const LdapSettings& settings,
                                                   Secret search_password,
                                                   std::chrono::milliseconds patience);

}  // namespace sekisho::login
