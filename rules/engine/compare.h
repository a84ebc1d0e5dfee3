// Comparing single values. Pure. Texts are compared without regard to the case of ASCII letters.
#pragma once

#include <compare>

#include "rules/engine/facts.h"

namespace sekisho::rules::engine {

// Two values of a type.
[[nodiscard]] bool same(const Fact& a, const Fact& b);
// A value and a constant, which may stand for many: *.example.com, @example.com, "image/*".
[[nodiscard]] bool fits(Type type, const Fact& value, const Fact& constant);
// An address or network lies in a network.
[[nodiscard]] bool lies_in(const Fact& value, const Fact& network);
// unordered: one of them is no number.
[[nodiscard]] std::partial_ordering order(const Fact& a, const Fact& b);
[[nodiscard]] bool holds(Op op, std::partial_ordering order);

[[nodiscard]] std::string_view text_of(const Fact& fact);  // empty: it is no text
[[nodiscard]] bool istarts_with_text(std::string_view text, std::string_view prefix);
[[nodiscard]] bool iends_with_text(std::string_view text, std::string_view suffix);

}  // namespace sekisho::rules::engine
