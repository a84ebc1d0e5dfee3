// LoginHelpers: asks a bounded number of helper processes about passwords. Starts them when they
// are needed; one that dies, hangs or speaks nonsense costs its own question `unavailable` and is
// replaced at the next. Shared by all loops; thread-safe. The loops must outlive it.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gateway/async/cancel.h"
#include "gateway/async/offload.h"
#include "gateway/login_helper/helper_process.h"
#include "gateway/login_helper/helper_settings.h"

namespace sekisho::login {

class LoginHelpers {
 public:
  // `command` starts a helper; that of this program by default.
  static Result<std::unique_ptr<LoginHelpers>> create(const HelperSettings& settings,
                                                      std::vector<std::string> command = {
                                                          "/proc/self/exe", "login-helper"});

  // Never fails: what can't be asked is `unavailable`. Of an empty password, which a directory may
  // take for a wish to stay anonymous (RFC 4513 section 5.1.2), nobody is asked: it is wrong.
  Task<Answer> ask(Loop& loop, Question question, CancelSource& cancel);

 private:
  LoginHelpers(const HelperSettings& settings, std::vector<std::string> command, Secret setup);
  Answer ask_now(const Question& question);
  std::unique_ptr<HelperProcess> take_idle();

  std::vector<std::string> command_;
  Secret setup_;
  Duration timeout_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<HelperProcess>> idle_;  // guarded by mutex_
  Offload pool_;  // last: its threads use the rest until it is gone. One thread, one process
};

}  // namespace sekisho::login
