#include "gateway/sender/canonical.h"

#include <algorithm>
#include <utility>

#include <idn2.h>

#include "gateway/base/text.h"

namespace sekisho::sender {

std::optional<std::string> canonical_domain(std::string_view domain) {
  const bool ascii = std::ranges::all_of(
      domain, [](char c) { return static_cast<unsigned char>(c) < 0x80 && c != '\0'; });
  if (domain.empty()) return std::nullopt;
  if (ascii) return to_lower(domain);
  const std::string input(domain);
  char* found = nullptr;
  const int failed = idn2_lookup_u8(reinterpret_cast<const std::uint8_t*>(input.c_str()),
                                    reinterpret_cast<std::uint8_t**>(&found),
                                    IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  if (failed != IDN2_OK) return std::nullopt;
  std::string form = to_lower(found);
  idn2_free(found);
  return form;
}

std::optional<CanonicalAddress> canonical(const smtp::Mailbox& mailbox) {
  auto domain = canonical_domain(mailbox.domain);
  if (!domain) return std::nullopt;
  return CanonicalAddress{.local = to_lower(mailbox.local), .domain = std::move(*domain)};
}

}  // namespace sekisho::sender
