// The parser: tokens to a syntax tree. Recursive descent, several mistakes in one run: after a
// mistake it goes on at the next clause or declaration. What could not be read is left out of the
// tree; when there are errors nothing may be done with the tree but look for more mistakes. Pure;
// bounded by the nesting below, else linear.
#pragma once

#include "rules/syntax/ast.h"
#include "rules/syntax/diagnostic.h"
#include "rules/syntax/layout.h"
#include "rules/syntax/token.h"

namespace sekisho::rules {

inline constexpr int kMaxNesting = 32;                          // parentheses, where, not, […]
inline constexpr std::size_t kMaxRuleFile = 4UL * 1024 * 1024;  // bytes

struct Parsed {
  ast::File file;
  Tokens tokens;
  Layout layout;
};

[[nodiscard]] Parsed parse(const Sources& sources, std::uint32_t source, Diagnostics& diagnostics);

}  // namespace sekisho::rules
