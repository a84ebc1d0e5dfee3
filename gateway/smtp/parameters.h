// The ESMTP parameters behind a path (RFC 5321 section 4.1.2, esmtp-param). Pure; internal to
// gateway/smtp.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/smtp/reply.h"

namespace sekisho::smtp {

struct Parameter {
  std::string keyword;                    // upper case
  std::optional<std::string_view> value;  // never empty
};

// Splits at blanks. The unexpected value is 501 5.5.4: bad syntax, or a keyword given twice.
std::expected<std::vector<Parameter>, Reply> parse_parameters(std::string_view text);

// RFC 3461 section 4; nullopt when it isn't xtext or stands for control bytes.
std::optional<std::string> decode_xtext(std::string_view text);

}  // namespace sekisho::smtp
