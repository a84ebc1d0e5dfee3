// The parts of a message for Findings: readings of one part put together, their bytes looked at,
// archives opened. Pure; bounded by the MIME limits and ArchiveBudget.
#pragma once

#include <string_view>
#include <vector>

#include "gateway/base/error.h"
#include "gateway/mail/mime_view.h"
#include "rules/content/findings.h"

namespace sekisho::rules::content {

// The decoded bytes of a part; they live as long as message and view.
[[nodiscard]] std::string_view body_of(const mail::MimePart& part, const mail::MimeView& view,
                                       std::string_view message);

[[nodiscard]] Result<std::vector<Part>> parts_of(const mail::MimeView& view,
                                                 std::string_view message, bool with_hash);

[[nodiscard]] std::string sha256_hex(std::string_view bytes);

}  // namespace sekisho::rules::content
