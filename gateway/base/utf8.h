// UTF-8 by RFC 3629: well-formed sequences only (no overlong forms, no surrogates, nothing above
// U+10FFFF). Pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace sekisho {

struct Utf8Sequence {
  std::size_t length = 0;  // 1 to 4 bytes; 0: the text does not start with a well-formed sequence
  char32_t code_point = 0;
};

// The sequence at the start of `text`, which must not be empty.
[[nodiscard]] Utf8Sequence utf8_first(std::string_view text);

[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace sekisho
