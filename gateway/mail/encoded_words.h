// Encoded words (RFC 2047): non-ASCII text in header fields. Decoding is lenient, because mail
// readers are: encoded words inside quotes, glued to other text or cut off are decoded too. Pure.
#pragma once

#include <string>
#include <string_view>

namespace sekisho::mail {

// UTF-8 where the charset is known, else the decoded bytes as they are.
std::string decode_encoded_words(std::string_view text);

// Encoded words of at most 75 characters, with a blank between them. Bytes that are not UTF-8
// become '?'.
std::string encode_words(std::string_view utf8);

}  // namespace sekisho::mail
