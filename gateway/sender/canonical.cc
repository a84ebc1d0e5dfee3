#include "gateway/sender/canonical.h"

#include <algorithm>
#include <utility>

#include "gateway/base/idna.h"
#include "gateway/base/text.h"

namespace sekisho::sender {

std::optional<std::string> canonical_domain(std::string_view domain) {
  const bool ascii = std::ranges::all_of(
      domain, [](char c) { return static_cast<unsigned char>(c) < 0x80 && c != '\0'; });
  if (domain.empty()) return std::nullopt;
  if (ascii) return to_lower(domain);
  const auto form = to_idna(domain);
  return form ? std::optional(to_lower(*form)) : std::nullopt;
}

std::optional<CanonicalAddress> canonical(const smtp::Mailbox& mailbox) {
  auto domain = canonical_domain(mailbox.domain);
  if (!domain) return std::nullopt;
  return CanonicalAddress{.local = to_lower(mailbox.local), .domain = std::move(*domain)};
}

}  // namespace sekisho::sender
