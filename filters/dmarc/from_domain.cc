#include "filters/dmarc/from_domain.h"

#include <algorithm>
#include <optional>
#include <vector>

#include <idn2.h>

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

Result<std::string> to_a_labels(std::string_view domain) {
  const bool ascii = std::ranges::all_of(
      domain, [](char c) { return static_cast<unsigned char>(c) < 0x80 && c != '\0'; });
  std::string name(domain);
  if (!ascii) {
    char* found = nullptr;
    const int failed = idn2_lookup_u8(reinterpret_cast<const std::uint8_t*>(name.c_str()),
                                      reinterpret_cast<std::uint8_t**>(&found),
                                      IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (failed != IDN2_OK) return bad("a domain that can't be written in A-labels");
    name = found;
    idn2_free(found);
  }
  name = to_lower(name);
  if (name.ends_with('.')) name.pop_back();
  const auto labels = split(name, '.');
  const bool fit = std::ranges::all_of(labels, [](std::string_view label) {
    return !label.empty() && label.size() <= 63 &&
           std::ranges::all_of(label, [](char c) { return is_alnum(c) || c == '-' || c == '_'; });
  });
  // With "_dmarc." before it, it must still be a name.
  if (!fit || name.size() > 253 - 7) return bad("no name of a domain");
  return name;
}

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
    auto domain = to_a_labels(listed.mailbox.domain);
    if (!domain) return bad("the From has an address without a domain");
    if (found && *found != *domain) return bad("the From has addresses of several domains");
    found = std::move(*domain);
  }
  if (!found) return bad("the From has no address");
  return std::move(*found);
}

}  // namespace sekisho::dmarc
