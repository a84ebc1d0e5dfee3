// The texts that rules put before or behind that of a message (prepend, append), read from their
// files at a reload. Beside NAME a file NAME.html may hold the same as HTML; without it the text is
// shown as it is.
#pragma once

#include <map>
#include <string>

#include "gateway/base/error.h"
#include "gateway/mail/added_text.h"
#include "rules/check/rule_set.h"

namespace sekisho::filters::rule {

inline constexpr std::size_t kMaxAddedText = 16UL * 1024;
inline constexpr std::size_t kMaxAddedLine = 900;  // RFC 5322 section 2.1.1

using AddedTexts = std::map<std::string, mail::AddedText>;  // by the file's name

// Of all rules that are not off. Errors name the file: not UTF-8, control characters, too long.
Result<AddedTexts> load_added_texts(const ::sekisho::rules::RuleSet& set);

// Text as HTML that shows it.
std::string html_of(std::string_view plain);

}  // namespace sekisho::filters::rule
