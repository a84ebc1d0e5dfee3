// The one form in which addresses of senders are compared: the local part with ASCII case folded,
// the domain as DNS has it (lower case, IDNA2008 for UTF-8), so that "Ann@BÜCHER.example" and
// "ann@xn--bcher-kva.example" are one address. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/smtp/address.h"

namespace sekisho::sender {

// Nothing when the domain has no form in DNS: such an address equals no other.
std::optional<std::string> canonical_domain(std::string_view domain);

struct CanonicalAddress {
  std::string local;
  std::string domain;

  // Unambiguous though nothing is quoted: a domain holds no @.
  [[nodiscard]] std::string key() const { return local + '@' + domain; }
};
std::optional<CanonicalAddress> canonical(const smtp::Mailbox& mailbox);

}  // namespace sekisho::sender
