// Reads one message for the rules of one Plan: finds what they ask for and answers their questions.
// Pure and bounded: all work is linear in the message, but for the patterns, which have their own
// bounds. Runs where hostile bytes may be read: in an inspect worker, or in a tool.
#pragma once

#include <string_view>

#include "gateway/base/error.h"
#include "gateway/mail/mime_view.h"
#include "rules/content/findings.h"
#include "rules/content/matchers.h"
#include "rules/content/plan.h"

namespace sekisho::rules::content {

// `message`: header section, empty line, body, as it came. `matchers`: of this plan.
// ErrorKind::limit: more of something than is looked at; nothing may be concluded from it.
[[nodiscard]] Result<Findings> read(std::string_view message, const Plan& plan, Matchers& matchers,
                                    const mail::MimeLimits& limits);

}  // namespace sekisho::rules::content
