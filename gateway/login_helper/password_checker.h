// PasswordChecker: asks somebody else, by a library that waits, whether a password is right. Lives
// in a helper process, where waiting, crashing and leaking cost one log-in and not the gateway.
#pragma once

#include "gateway/login_helper/frames.h"

namespace sekisho::login {

class PasswordChecker {
 public:
  virtual ~PasswordChecker() = default;
  // Blocks for as long as the other side takes. An empty password never comes here.
  virtual Answer check(const Question& question) = 0;
};

}  // namespace sekisho::login
