// What Findings tells of the header section. Pure, linear.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/error.h"
#include "gateway/mail/headers.h"
#include "rules/content/findings.h"
#include "rules/content/plan.h"

namespace sekisho::rules::content {

[[nodiscard]] Result<void> read_headers(const mail::Headers& headers, const Plan& plan,
                                        Findings& findings);

// Unfolded, trimmed, encoded words decoded.
[[nodiscard]] std::string decoded_value(std::string_view raw);

// The day in a Date field (RFC 5322 section 3.3 and the obsolete forms) as it is written there, in
// whatever zone; days since 1970, none before.
[[nodiscard]] std::optional<std::uint64_t> day_in(std::string_view date);

}  // namespace sekisho::rules::content
