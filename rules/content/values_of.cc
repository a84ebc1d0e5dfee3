#include "rules/content/values_of.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace sekisho::rules::content {
namespace {

using engine::Fact;
using Facts = std::vector<Fact>;

void put(Facts& out, const std::string& text) { out.emplace_back(std::string_view(text)); }

void put(Facts& out, const std::optional<std::string>& text) {
  if (text) put(out, *text);
}

void put(Facts& out, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) put(out, text);
}

void put_first(Facts& out, const std::vector<std::string>& texts) {
  if (!texts.empty()) put(out, texts.front());
}

void put_addresses(Facts& out, const std::vector<Address>& addresses) {
  for (const Address& address : addresses) put(out, address.address);
}

void part_value(const Part& part, std::string_view what, Facts& out) {
  if (what == "name") {
    put(out, part.names);
  } else if (what == "extension") {
    put(out, part.extensions);
  } else if (what == "kind") {
    put(out, part.kinds);
  } else if (what == "type") {
    put(out, part.types);
  } else if (what == "size") {
    out.emplace_back(part.size);
  } else if (what == "hash") {
    put(out, part.hash);
  } else if (what == "encrypted") {
    out.emplace_back(part.encrypted);
  }
}

void url_value(const Url& url, std::string_view what, Facts& out) {
  if (what == "domain") {
    put(out, url.domain);
  } else if (what == "scheme") {
    put(out, url.scheme);
  } else if (what == "path") {
    put(out, url.path);
  } else if (what == "text") {
    if (!url.text.empty()) put(out, url.text);
  } else if (what == "misleading") {
    out.emplace_back(url.misleading);
  } else if (what == "lookalike") {
    out.emplace_back(url.lookalike);
  } else {
    put(out, url.url);
  }
}

void address_value(const Address& address, std::string_view what, Facts& out) {
  if (what == "domain") {
    put(out, address.domain);
  } else if (what == "local") {
    put(out, address.local);
  } else if (what == "name") {
    put(out, address.name);
  } else if (what == "misleading") {
    out.emplace_back(address.misleading);
  } else {
    put(out, address.address);
  }
}

// What stands behind the first dot.
std::string_view member_of(std::string_view name) {
  const std::size_t dot = name.find('.');
  return dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
}

void item_value(const Findings& findings, const ValueInfo& value, const ValueInfo* of,
                std::size_t item, Facts& out) {
  const std::string_view what = member_of(value.name);
  if (value.item == "part" || value.item == "attachment") {
    if (item < findings.parts.size()) part_value(findings.parts[item], what, out);
  } else if (value.item == "url") {
    if (item < findings.urls.size()) url_value(findings.urls[item], what, out);
  } else if (value.item == "header") {
    if (item < findings.fields.size())
      put(out, what == "name" ? findings.fields[item].name : findings.fields[item].value);
  } else if (value.item == "address" && of != nullptr) {
    const auto* addresses = addresses_of(findings, of->name);
    if (addresses != nullptr && item < addresses->size())
      address_value((*addresses)[item], what, out);
  }
}

}  // namespace

void append_values(const Findings& findings, const ValueInfo& value, const ValueInfo* of,
                   std::size_t item, Facts& out) {
  const std::string_view name = value.name;
  if (!value.item.empty()) return item_value(findings, value, of, item, out);
  if (const auto* addresses = addresses_of(findings, name)) return put_addresses(out, *addresses);
  if (name == "subject") {
    put(out, findings.subject);
  } else if (name == "message.id") {
    put(out, findings.message_id);
  } else if (name == "message.hash") {
    put(out, findings.hash);
  } else if (name == "message.size") {
    out.emplace_back(findings.size);
  } else if (name == "header.from.domain") {
    if (findings.from.size() == 1) put(out, findings.from.front().domain);
  } else if (name == "header.date") {
    if (findings.date) out.emplace_back(*findings.date);
  } else if (name == "text.card_numbers") {
    put(out, findings.cards);
  } else if (name == "text.card_numbers.masked") {
    put_first(out, findings.cards);
  } else if (name == "text.ibans") {
    put(out, findings.ibans);
  } else if (name == "text.ibans.masked") {
    put_first(out, findings.ibans);
  } else if (name == "text") {
    put(out, findings.text.home);
  } else if (name == "html") {
    put(out, findings.html.home);
  } else if (name == "source") {
    put(out, findings.source.home);
  } else if (name == "raw") {
    put(out, findings.raw.home);
  }
}

void append_header(const Findings& findings, const Plan& plan, std::string_view name, Facts& out) {
  const auto named = std::ranges::lower_bound(plan.headers(), name);
  if (named == plan.headers().end() || *named != name) return;
  const auto index = static_cast<std::size_t>(named - plan.headers().begin());
  if (index < findings.headers.size()) put(out, findings.headers[index]);
}

}  // namespace sekisho::rules::content
