// The reference of the language as far as the checker's own tables are it, as Markdown: for
// `sekisho rules list --values`, and for docs/rules.md, which a test compares with it.
#pragma once

#include <string>

namespace sekisho::rules {

[[nodiscard]] std::string values_reference();  // values by stage, with their types

}  // namespace sekisho::rules
