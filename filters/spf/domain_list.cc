#include "filters/spf/domain_list.h"

#include <algorithm>
#include <utility>

#include "gateway/smtp/address.h"

namespace sekisho::spf {

void DomainList::visit(SettingsVisitor& v, std::string_view key, std::string_view doc) {
  v.field(key, domains_, doc);
  for (std::string& domain : domains_) {
    auto parsed = smtp::parse_domain(domain);
    if (parsed)
      domain = std::move(*parsed);  // lower case, as the envelope has it
    else
      v.error(key, "\"" + domain + "\" is not a domain: " + parsed.error().text);
  }
}

bool DomainList::covers(std::string_view domain) const {
  return std::ranges::any_of(domains_, [domain](const std::string& listed) {
    if (domain == listed) return true;
    return domain.size() > listed.size() && domain.ends_with(listed) &&
           domain[domain.size() - listed.size() - 1] == '.';
  });
}

}  // namespace sekisho::spf
