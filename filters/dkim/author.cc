#include "filters/dkim/author.h"

#include <algorithm>

#include "gateway/mail/address_list.h"

namespace sekisho::dkim {

std::optional<smtp::Mailbox> author_of(const mail::Headers& headers, std::string_view section) {
  const std::size_t empty_line = mail::has_empty_line(section) ? 2 : 0;
  if (headers.size() + empty_line != section.size() || headers.count("From") != 1)
    return std::nullopt;
  const auto from = mail::parse_address_list(headers.find("From")->value);
  if (!from || from->empty()) return std::nullopt;
  const smtp::Mailbox& first = from->front().mailbox;
  const bool one_domain = std::ranges::all_of(
      *from, [&](const auto& other) { return other.mailbox.domain == first.domain; });
  if (!one_domain || first.literal) return std::nullopt;
  return first;
}

}  // namespace sekisho::dkim
