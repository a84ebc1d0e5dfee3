#include "gateway/smtp/xclient.h"

#include <algorithm>
#include <utility>

#include "gateway/base/encode.h"
#include "gateway/base/text.h"
#include "gateway/smtp/address.h"
#include "gateway/smtp/parameters.h"

namespace sekisho::smtp {
namespace {

constexpr std::string_view kUnavailable = "[UNAVAILABLE]";
constexpr std::string_view kTemporarilyUnavailable = "[TEMPUNAVAIL]";
constexpr std::string_view kIpv6 = "IPV6:";
constexpr std::size_t kMaxCommand = 510;  // without CRLF
constexpr std::size_t kMaxLogin = 255;

std::optional<IpAddress> read_address(std::string_view text) {
  const bool v6 = text.size() > kIpv6.size() && iequals(text.substr(0, kIpv6.size()), kIpv6);
  if (v6) text.remove_prefix(kIpv6.size());
  const auto address = IpAddress::parse(text);
  if (!address || text.contains(':') != v6 || address->is_unspecified()) return std::nullopt;
  return address;
}

std::optional<std::uint16_t> read_port(std::string_view text) {
  const auto number = parse_uint(text);
  if (!number || *number > 65'535) return std::nullopt;
  return static_cast<std::uint16_t>(*number);
}

std::optional<bool> read_protocol(std::string_view text) {
  if (iequals(text, "ESMTP")) return true;
  if (iequals(text, "SMTP")) return false;
  return std::nullopt;
}

std::optional<std::string> read_name(std::string_view text) {
  auto name = parse_domain(text);
  return name ? std::optional(std::move(*name)) : std::nullopt;
}

std::optional<std::string> read_helo(std::string_view text) {
  auto name = parse_helo_name(text);
  return name ? std::optional(std::move(*name)) : std::nullopt;
}

// Control bytes are no xtext to begin with.
std::optional<std::string> read_login(std::string_view text) {
  if (text.empty() || text.size() > kMaxLogin) return std::nullopt;
  return std::string(text);
}

// Takes the value if it is one.
template <class T>
bool take(Said<T>& into, std::optional<T> (*read)(std::string_view), std::string_view text) {
  into.said = true;
  if (iequals(text, kUnavailable) || iequals(text, kTemporarilyUnavailable)) return true;
  into.value = read(text);
  return into.value.has_value();
}

bool take_attribute(Xclient& into, std::string_view name, std::string_view value) {
  if (name == "NAME") return take(into.name, read_name, value);
  if (name == "ADDR") return take(into.address, read_address, value);
  if (name == "PORT") return take(into.port, read_port, value);
  if (name == "PROTO") return take(into.extended, read_protocol, value);
  if (name == "HELO") return take(into.helo, read_helo, value);
  if (name == "LOGIN") return take(into.login, read_login, value);
  if (name == "DESTADDR") return take(into.destination, read_address, value);
  if (name == "DESTPORT") return take(into.destination_port, read_port, value);
  return false;
}

}  // namespace

void Xclient::add(Xclient more) {
  if (more.address.said) *this = Xclient();
  const auto take = [](auto& into, auto& from) {
    if (from.said) into = std::move(from);
  };
  take(name, more.name);
  take(address, more.address);
  take(port, more.port);
  take(extended, more.extended);
  take(helo, more.helo);
  take(login, more.login);
  take(destination, more.destination);
  take(destination_port, more.destination_port);
}

std::expected<Xclient, Reply> parse_xclient(std::string_view argument) {
  auto parameters = parse_parameters(argument);
  if (!parameters) return std::unexpected(std::move(parameters.error()));
  if (parameters->empty())
    return std::unexpected(Reply::of(501, "5.5.4", "syntax: XCLIENT attribute=value"));
  Xclient read;
  for (const Parameter& one : *parameters) {
    const auto value = one.value ? decode_xtext(*one.value) : std::nullopt;
    if (!value || !take_attribute(read, one.keyword, *value))
      return std::unexpected(Reply::of(501, "5.5.4", "bad attribute or value"));
  }
  return read;
}

std::string attribute_address(const IpAddress& address) {
  return address.is_v4() ? address.to_string() : std::string(kIpv6) + address.to_string();
}

bool offers_attribute(std::string_view offered, std::string_view name) {
  return std::ranges::any_of(split(offered, ' '),
                             [&](std::string_view word) { return iequals(word, name); });
}

std::vector<std::string> write_attribute_commands(std::string_view verb,
                                                  const std::vector<ClientAttribute>& attributes,
                                                  std::string_view offered) {
  std::vector<std::string> commands;
  for (const ClientAttribute& one : attributes) {
    if (!offers_attribute(offered, one.name)) continue;
    const std::string head = " " + std::string(one.name) + "=";
    std::string value = one.value.empty() ? std::string(kUnavailable) : encode_xtext(one.value);
    if (verb.size() + head.size() + value.size() > kMaxCommand) value = kUnavailable;
    if (commands.empty() || commands.back().size() + head.size() + value.size() > kMaxCommand)
      commands.emplace_back(verb);
    commands.back() += head + value;
  }
  return commands;
}

}  // namespace sekisho::smtp
