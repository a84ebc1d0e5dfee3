// The encoders: the one place where bytes that came from outside are made fit for a sink. Each sink
// has exactly one; nothing else may put foreign bytes there (DESIGN section 2).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sekisho {

// For a log field's value: printable ASCII and valid UTF-8 stay; quotes, backslashes and control
// bytes become \" \\ \n \xNN; cut to `max` bytes with "…". The caller adds quotes where needed.
std::string encode_for_log(std::string_view bytes, std::size_t max = 512);

// For a comment or token in a header field that we write (HELO name in Received): visible ASCII
// and blanks stay, everything else becomes '?'; parentheses and backslashes become '?' too.
std::string encode_for_header(std::string_view bytes, std::size_t max = 255);

// For the text of a reply to a client or a command argument to an upstream: visible ASCII and
// blanks stay, everything else becomes '?'.
std::string encode_for_smtp(std::string_view bytes, std::size_t max = 400);

// RFC 3461 xtext, for MAIL AUTH=, ORCPT, XCLIENT and XFORWARD values.
std::string encode_xtext(std::string_view bytes);

}  // namespace sekisho
