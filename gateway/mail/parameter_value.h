// The lexical half of MIME parameters (RFC 2045 section 5.1): comments, quotes, escapes, and the
// value of one parameter in every reading. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sekisho::mail {

// A longer value keeps its two ends of half this size.
inline constexpr std::size_t kMaxParameter = 8192;

// The readings of the value that begins at the start of `text` and ends where a reader thinks that
// it does; the standard's first, without repeats.
std::vector<std::string> read_parameter_value(std::string_view text);

// Where the comments of a text end, found in one go: a sender may open a thousand that never do.
class Comments {
 public:
  explicit Comments(std::string_view text);
  // Past the comment that begins at `at`, nested ones included; npos when none does or has an end.
  [[nodiscard]] std::size_t after(std::size_t at) const;
  // Past blanks and comments from `at` on. A comment without end is taken for text.
  [[nodiscard]] std::size_t skip_space(std::size_t at) const;

 private:
  std::string_view text_;
  std::vector<std::size_t> after_;  // by position; empty when the text has no parenthesis
};

// Without its comments, trimmed.
std::string without_comments(std::string_view text);

std::string without(std::string_view text, char unwanted);

// Appends the value in the length that is kept, unless it is there.
void add_value(std::vector<std::string>& values, std::string_view value);

// Appends unless it is there.
void add_unique(std::vector<std::string>& values, std::string value);

}  // namespace sekisho::mail
