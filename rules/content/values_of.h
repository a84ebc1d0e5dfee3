// The values of Findings by the names that rules have for them. Pure.
#pragma once

#include <cstddef>
#include <vector>

#include "rules/check/values.h"
#include "rules/content/findings.h"
#include "rules/engine/facts.h"

namespace sekisho::rules::content {

// Appends the values of a value of stage message, of `item` where it is an item's (of an
// attachment: its place among the parts); `of`: of the field whose address it is. Nothing for those
// that the gateway knows itself (dkim, dmarc), and for what was not wanted. Texts live as long as
// the findings.
void append_values(const Findings& findings, const ValueInfo& value, const ValueInfo* of,
                   std::size_t item, std::vector<engine::Fact>& out);

// Of header "X", `name` in lower case.
void append_header(const Findings& findings, const Plan& plan, std::string_view name,
                   std::vector<engine::Fact>& out);

}  // namespace sekisho::rules::content
