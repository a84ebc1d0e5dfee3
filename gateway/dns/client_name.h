// The name of a client: what the PTR record of its address says, where that name has the address
// too (RFC 8601 section 2.7.3 calls the check "iprev"). A PTR alone is the word of whoever owns the
// address, and says any name that they like.
#pragma once

#include <optional>
#include <string>

#include "gateway/dns/resolver.h"

namespace sekisho::dns {

// Names of one address that are looked at; honest addresses have one.
inline constexpr std::size_t kMaxNamesOfAnAddress = 5;

// "1.2.0.192.in-addr.arpa", "1.0. … .ip6.arpa".
[[nodiscard]] std::string reverse_name(const IpAddress& address);

// In lower case, without a dot at the end; none: the address has no name that has the address. An
// Error is a look-up that failed and left it open (those of Resolver::ask).
Task<Result<std::optional<std::string>>> confirmed_name(Resolver& resolver, IpAddress client,
                                                        Deadline deadline, CancelSource& cancel);

}  // namespace sekisho::dns
