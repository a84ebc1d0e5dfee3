// SASLprep (RFC 4013): one spelling for names and passwords that look the same, however a keyboard
// composed their characters. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "gateway/base/error.h"
#include "gateway/base/secret.h"

namespace sekisho::auth {

// An error for what is no UTF-8, holds a NUL or a character that SASLprep prohibits, or is empty
// when it is prepared. ASCII without control characters stays as it is.
Result<std::string> saslprep(std::string_view text);

// A password that can't be prepared stays as it is: it may still be the right one, byte for byte.
Secret saslprep_password(const Secret& password);

}  // namespace sekisho::auth
