// The helper process itself: `sekisho login-helper`, started by the gateway and by nobody else. On
// descriptor 3 comes first what to ask (a setup frame), then one question after another, each
// answered before the next. Ends when the gateway does, or says something that is no frame.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "gateway/base/error.h"
#include "gateway/base/secret.h"
#include "gateway/login_helper/helper_settings.h"

namespace sekisho::login {

// What a helper is told at its start. Reads the file with the search password.
Result<Secret> encode_setup(const HelperSettings& settings);

// The process's exit code.
int run_helper();

}  // namespace sekisho::login
