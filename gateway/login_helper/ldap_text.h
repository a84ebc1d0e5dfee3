// User names inside distinguished names (RFC 4514) and search filters (RFC 4515), escaped so that a
// name can't change what is asked. Pure.
#pragma once

#include <string>
#include <string_view>

namespace sekisho::login {

// `pattern` with each {user} replaced by the name. Both grammars let any byte of a value stand as a
// backslash and two hex digits, so one escape serves both.
std::string fill_in(std::string_view pattern, std::string_view user);

}  // namespace sekisho::login
