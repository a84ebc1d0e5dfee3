#include "filters/dmarc/from_domain.h"

#include <optional>

#include "filters/domain_name.h"
#include "gateway/mail/address_list.h"

namespace sekisho::dmarc {
namespace {

auto bad(std::string_view why) { return fail(ErrorKind::invalid, std::string(why)); }

}  // namespace

Result<std::string> from_domain(const mail::Headers& headers) {
  const std::size_t count = headers.count("From");
  if (count == 0) return bad("the message has no From");
  if (count > 1) return bad("the message has several From fields");
  const auto list = mail::parse_address_list(headers.find("From")->value);
  if (!list) return bad("the From can't be read");
  std::optional<std::string> found;
  for (const mail::ListedMailbox& listed : *list) {
    if (listed.mailbox.literal) return bad("the From has an address without a domain");
    auto domain = filters::to_a_labels(listed.mailbox.domain);
    if (!domain) return bad("the From has an address without a domain");
    if (found && *found != *domain) return bad("the From has addresses of several domains");
    found = std::move(*domain);
  }
  if (!found) return bad("the From has no address");
  return std::move(*found);
}

}  // namespace sekisho::dmarc
