// XCLIENT and XFORWARD (XCLIENT_README and XFORWARD_README of Postfix): one server tells another
// about the client that it speaks for, as attributes with xtext values. Read, with every value
// checked, and written. Pure. Who is believed is the session's business.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/ip.h"
#include "gateway/smtp/reply.h"

namespace sekisho::smtp {

// One attribute as it was said: not at all, as [UNAVAILABLE] or [TEMPUNAVAIL], or with its value.
template <class T>
struct Said {
  bool said = false;
  std::optional<T> value{};
  bool operator==(const Said&) const = default;
};

// An XCLIENT command, or several of them added up.
struct Xclient {
  Said<std::string> name;  // a domain
  Said<IpAddress> address;
  Said<std::uint16_t> port;
  Said<bool> extended;     // PROTO: ESMTP or SMTP
  Said<std::string> helo;  // as parse_helo_name() takes it
  Said<std::string> login;
  Said<IpAddress> destination;
  Said<std::uint16_t> destination_port;

  // One that says an address begins anew, as with another client; else what is said is added.
  void add(Xclient more);
  bool operator==(const Xclient&) const = default;
};

// For the EHLO reply.
constexpr std::string_view kXclientAttributes = "NAME ADDR PORT PROTO HELO DESTADDR DESTPORT";
constexpr std::string_view kXclientLogin = "LOGIN";

// The unexpected value is the 501 to give: an attribute or a value that isn't one.
std::expected<Xclient, Reply> parse_xclient(std::string_view argument);

// An attribute to be said; an empty value is [UNAVAILABLE].
struct ClientAttribute {
  std::string_view name;  // "ADDR"
  std::string value;      // any bytes; an address by attribute_address()
};
std::string attribute_address(const IpAddress& address);  // "192.0.2.1", "IPV6:2001:db8::1"

// Is the attribute among `offered`, the words behind the keyword in EHLO?
bool offers_attribute(std::string_view offered, std::string_view name);

// The attributes as commands without CRLF: those alone that are among `offered`, as many commands
// as it takes to keep each within 512 bytes. One value that no command holds is said to be
// unavailable.
std::vector<std::string> write_attribute_commands(std::string_view verb,
                                                  const std::vector<ClientAttribute>& attributes,
                                                  std::string_view offered);

}  // namespace sekisho::smtp
