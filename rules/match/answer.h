// What a pattern says of a text. `failed` is neither: a limit was reached or PCRE2 gave up, and the
// rule that asked fails by its on_error; it never counts as "no".
#pragma once

#include <cstddef>
#include <cstdint>

namespace sekisho::rules::match {

enum class Answer : std::uint8_t { no, yes, failed };

// The first match in a text, for those who explain; offset and length only where the answer is yes.
struct Found {
  Answer answer = Answer::no;
  std::size_t offset = 0;
  std::size_t length = 0;
};

}  // namespace sekisho::rules::match
