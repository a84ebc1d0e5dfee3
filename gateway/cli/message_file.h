// A message from a file, as the gateway would have it from the wire: lines end with CRLF, the line
// above a message of a mailbox file becomes a field, and a line that is no field begins the body.
// Pure but for the reading.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "gateway/base/error.h"

namespace sekisho::cli {

// ErrorKind::invalid: a NUL or a CR without LF, with which no message comes by SMTP.
Result<std::string> message_of(std::string_view text);

Result<std::string> read_message(const std::filesystem::path& file);

}  // namespace sekisho::cli
