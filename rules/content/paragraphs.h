// Rendered text as lines, one for each paragraph, as SpamAssassin's body rules see it: an empty
// line ends a paragraph, all blanks within it become one. Pure, linear.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sekisho::rules::content {

// Appends the paragraphs of one part. A blank at the beginning or end of one stays.
void append_paragraphs(std::vector<std::string>& lines, std::string_view text);

// What a reader sees: the paragraphs without outer blanks, empty ones left out, one a line; and
// without characters that take no room (soft hyphens, zero-width blanks, direction marks), by which
// words are broken for filters only.
[[nodiscard]] std::string visible_text(const std::vector<std::string>& lines);

// For imported SpamAssassin rules, pattern by pattern over each line: lines of at most 2,048 bytes,
// the subject first.
[[nodiscard]] std::vector<std::string> body_lines(std::string_view subject,
                                                  const std::vector<std::string>& lines);

}  // namespace sekisho::rules::content
