// Domain names as SPF needs them: what may be looked up, and how an address is written in them.
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "gateway/base/ip.h"

namespace sekisho::spf {

// Lower case, without the dot at the end.
std::string normal_name(std::string_view name);

// A name with its non-ASCII labels in the form that the DNS has (RFC 5890); as it is, where that
// can't be done.
std::string ascii_name(std::string_view name);

// Can this be a name in the DNS: labels of 1 to 63 visible ASCII characters or blanks, 253 in all?
// Whoever asks for it escapes what a resolver takes as special.
bool is_lookup_name(std::string_view name);

// ... of several labels, and no address literal: what check_host() wants of its <domain> (RFC 7208
// section 4.3).
bool is_domain(std::string_view name);

// The 32 nibbles of an IPv6 address: "2.0.0.1.0.D.B.8. …".
std::string nibbles(const IpAddress& address);

}  // namespace sekisho::spf
