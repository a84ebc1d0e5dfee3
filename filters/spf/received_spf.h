// The Received-SPF field (RFC 7208 section 9.1): a result and what it rests on, for people and for
// filters behind us. Pure. Nothing of what came from outside can end a value or the field.
#pragma once

#include <string>
#include <string_view>

#include "filters/spf/policy.h"
#include "gateway/base/ip.h"

namespace sekisho::spf {

struct ReceivedSpf {
  const Finding& finding;
  IpAddress client;
  std::string_view helo;
  std::string_view sender;    // the reverse-path; empty: the null one
  std::string_view receiver;  // our name
};

std::string received_spf_value(const ReceivedSpf& what);

}  // namespace sekisho::spf
