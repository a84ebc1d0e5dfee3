#include "filters/dkim/key_table.h"

#include <algorithm>
#include <utility>

#include "filters/domain_name.h"
#include "gateway/base/text.h"
#include "gateway/smtp/address.h"

namespace sekisho::dkim {
namespace {

// A selector is one or more labels (RFC 6376 section 3.1).
bool is_selector(std::string_view selector) {
  return selector.size() <= 63 && smtp::parse_domain(selector).has_value();
}

}  // namespace

void KeySettings::visit(SettingsVisitor& v) {
  v.field("domain", domain, "The domain that it signs for: messages with a From there (d=).");
  if (const auto parsed = filters::to_a_labels(domain); domain.empty())
    v.error("domain", "must be set, for example to \"example.com\"");
  else if (!parsed)
    v.error("domain", "\"" + domain + "\" is not a domain: " + parsed.error().text);
  v.field("selector", selector,
          "Names the key (s=): its record is published at SELECTOR._domainkey.DOMAIN.");
  if (!is_selector(selector))
    v.error("selector", selector.empty() ? "must be set, for example to \"s2026\""
                                         : "\"" + selector + "\" is not a name of DNS labels");
  v.field("file", file,
          "The private key in PEM, RSA or Ed25519, which others may not read. `sekisho dkim gen` "
          "makes one.");
  if (file.empty()) v.error("file", "must be set: `sekisho dkim gen` makes a key");
  v.field("active", active,
          "Whether it signs. Of one domain, an RSA and an Ed25519 key may be active at once, and "
          "messages get both signatures; a key that is to come or was replaced is not active.");
  v.field("subdomains", subdomains,
          "Sign for a From in the domains below it too that have no key of their own.");
}

Result<KeyTable> KeyTable::create(const std::map<std::string, KeySettings>& settings) {
  KeyTable table;
  for (const auto& [name, one] : settings) {
    auto domain = filters::to_a_labels(one.domain);
    if (!domain) return fail(ErrorKind::invalid, "key." + name + ".domain: " + domain.error().text);
    if (!is_selector(one.selector))
      return fail(ErrorKind::invalid, "key." + name + ".selector: not a name of DNS labels");
    auto key = read_public_half(one.file);
    if (!key) return fail(key.error().kind, "key." + name + ".file: " + key.error().text);
    table.keys_.push_back({.name = name,
                           .domain = std::move(*domain),
                           .selector = to_lower(one.selector),
                           .file = one.file,
                           .active = one.active,
                           .subdomains = one.subdomains,
                           .public_key = std::move(*key)});
    const TableKey& made = table.keys_.back();
    for (std::size_t i = 0; i + 1 < table.keys_.size(); ++i) {
      const TableKey& other = table.keys_[i];
      if (other.domain != made.domain) continue;
      if (other.selector == made.selector)
        return fail(ErrorKind::invalid, "key." + name + ": key." + other.name +
                                            " has the same selector; each key needs its own");
      if (other.active && made.active &&
          other.public_key.algorithm() == made.public_key.algorithm())
        return fail(ErrorKind::invalid, "key." + name + ": key." + other.name + " signs for " +
                                            made.domain + " with " +
                                            std::string(to_string(made.public_key.algorithm())) +
                                            " already; set active = false for one of them");
    }
    if (made.active) table.active_[made.domain].push_back(table.keys_.size() - 1);
  }
  for (auto& [domain, keys] : table.active_)
    std::ranges::sort(keys, {},
                      [&](std::size_t i) { return table.keys_[i].public_key.algorithm(); });
  return table;
}

std::vector<const TableKey*> KeyTable::find(std::string_view domain) const {
  std::vector<const TableKey*> found;
  const auto ascii = filters::to_a_labels(domain);
  if (!ascii) return found;
  for (std::string_view at = *ascii;;) {
    if (const auto keys = active_.find(at); keys != active_.end())
      for (const std::size_t i : keys->second)
        if (at == *ascii || keys_[i].subdomains) found.push_back(&keys_[i]);
    const std::size_t dot = at.find('.');
    if (!found.empty() || dot == std::string_view::npos) return found;
    at.remove_prefix(dot + 1);
  }
}

}  // namespace sekisho::dkim
