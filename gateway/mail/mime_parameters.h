// Parameters of structured MIME fields (RFC 2045 section 5.1, RFC 2231), read in every way that a
// mail reader might: with and without quotes, escapes, comments, semicolons, percent encoding;
// continuations in every order. The first reading is the standard's. Values longer than
// kMaxParameter keep their two ends. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/mail/parameter_value.h"

namespace sekisho::mail {

inline constexpr std::size_t kMaxOccurrences = 128;  // of one parameter in one field

struct ParameterReadings {
  std::vector<std::string> values;  // without repeats
  bool overflow = false;            // more than kMaxOccurrences; what is above was not read
};

// Every reading of `attribute` (lower case) in an unfolded field value.
ParameterReadings read_parameter(std::string_view field_value, std::string_view attribute);

// The word before the parameters, lower case, without blanks and comments: "attachment".
std::string read_token(std::string_view field_value);

// The media type, lower case: "text/plain" for " Text / (c) PLAIN; x=y"; empty when there is none.
std::string read_media_type(std::string_view field_value);

// "%41" → "A"; broken sequences stay.
std::string percent_decode(std::string_view text);

}  // namespace sekisho::mail
