// A Notice as the message that goes up: to one of ours, from the null sender, marked as made by a
// machine (RFC 3834), its text as base64 so that no byte of it can be anything else. Pure.
#pragma once

#include <string>
#include <string_view>

#include "filters/errands.h"
#include "gateway/base/time.h"

namespace sekisho {

struct NoticeMessage {
  std::string header_section;  // with its empty line
  std::string body;
};

// `id`: of this message.
NoticeMessage notice_message(const filters::Notice& notice, std::string_view hostname,
                             std::string_view id, WallTime now);

}  // namespace sekisho
