#include "filters/dmarc/from_domain.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "filters/domain_name.h"
#include "gateway/base/text.h"
#include "gateway/mail/address_list.h"
#include "gateway/mail/headers.h"

namespace sekisho::dmarc {
namespace {

auto bad(std::string_view why) { return fail(ErrorKind::invalid, std::string(why)); }

// Every From in the section, also behind lines that are no field: some readers look there.
struct FromFields {
  explicit FromFields(std::string_view section) {
    bool strange = false;
    while (true) {
      const mail::Headers headers = mail::Headers::parse(section);
      for (const mail::HeaderField& field : headers.fields()) {
        if (!iequals(field.name, "From")) continue;
        values.push_back(field.value);
        hidden = hidden || strange;
      }
      section.remove_prefix(headers.size());
      if (section.empty() || section == "\r\n") return;
      strange = true;
      section.remove_prefix(std::min(section.find('\n'), section.size() - 1) + 1);
    }
  }

  std::vector<std::string_view> values;
  bool hidden = false;
};

}  // namespace

Result<std::string> from_domain(std::string_view header_section) {
  const FromFields fields(header_section);
  if (fields.values.empty()) return bad("the message has no From");
  if (fields.values.size() > 1) return bad("the message has several From fields");
  if (fields.hidden) return bad("the From stands behind a line that is no header field");
  const auto list = mail::parse_address_list(fields.values.front());
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
