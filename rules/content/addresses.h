// The addresses of a field, with the names beside them. Where the grammar holds they are those of
// gateway/mail's address list. Where it doesn't, readers disagree, so every word with an @ that
// some reader may take for one is there: a rule that all must satisfy sees too many, never too
// few. Pure, linear.
#pragma once

#include <string_view>
#include <vector>

#include "gateway/base/error.h"
#include "rules/content/findings.h"

namespace sekisho::rules::content {

// Appends those of one field's value as it stands in the message, folded. ErrorKind::limit: more
// than kMaxAddresses.
[[nodiscard]] Result<void> append_addresses(std::string_view value,
                                            std::vector<Address>& addresses);

}  // namespace sekisho::rules::content
