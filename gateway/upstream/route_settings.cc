#include "gateway/upstream/route_settings.h"

#include <algorithm>
#include <utility>

#include "gateway/base/text.h"
#include "gateway/relay/domain_set.h"
#include "gateway/upstream/sender_patterns.h"

namespace sekisho::upstream {
namespace {

using Words = std::vector<std::string>;
using Covers = bool (*)(std::string_view pattern, std::string_view entry);

bool equal(std::string_view a, std::string_view b) { return a == b; }

// No condition takes everything.
bool list_covers(const Words& patterns, const Words& entries, Covers one) {
  if (patterns.empty()) return true;
  return !entries.empty() && std::ranges::all_of(entries, [&](const std::string& entry) {
    return std::ranges::any_of(patterns,
                               [&](const std::string& pattern) { return one(pattern, entry); });
  });
}

}  // namespace

bool domain_covers(std::string_view pattern, std::string_view name) {
  if (iequals(pattern, name)) return true;
  if (!pattern.starts_with("*.")) return false;
  const std::string_view tail = pattern.substr(1);  // ".example.com"
  if (name.starts_with("*.")) name.remove_prefix(2);
  return name.size() > tail.size() && iequals(name.substr(name.size() - tail.size()), tail);
}

bool RouteSettings::covers(const RouteSettings& later) const {
  if (!list_covers(listeners, later.listeners, equal) || !list_covers(users, later.users, equal) ||
      !list_covers(senders, later.senders, SenderPatterns::covers))
    return false;
  if (!has_recipients()) return true;
  // What a file holds may change.
  if (!later.recipient_domains_file.empty() &&
      later.recipient_domains_file != recipient_domains_file)
    return false;
  if (later.recipient_domains.empty()) return !later.recipient_domains_file.empty();
  return !recipient_domains.empty() &&
         list_covers(recipient_domains, later.recipient_domains, domain_covers);
}

std::vector<std::string> in_order(const RouteTable& routes) {
  std::vector<std::string> names;
  for (const auto& [name, unused] : routes) names.push_back(name);
  std::ranges::sort(names, {}, [&](const auto& name) {
    return std::pair(routes.at(name).order, std::string_view(name));
  });
  return names;
}

void RouteSettings::visit(SettingsVisitor& v) {
  v.field("order", order,
          "Routes with a lower number are asked first, equal ones by their names; the first one "
          "whose conditions all hold takes the recipient.",
          0, 1'000'000);
  v.field("listeners", listeners, "Mail that came by one of these listeners.");
  v.field("users", users, "Mail of one of these users who logged in.");
  v.field("senders", senders,
          "Mail from one of these: an address, \"example.com\" for a domain, \"*.example.com\" for "
          "every domain below it, \"<>\" for the empty sender.");
  v.field("recipient_domains", recipient_domains,
          "Recipients of one of these domains, \"example.com\", or \"*.example.com\" for every "
          "domain below it.");
  v.field("recipient_domains_file", recipient_domains_file,
          "A file with more of them, one a line, with # comments. Read again when it changes; a "
          "broken file leaves the former content in force.");
  v.field("upstreams", upstreams,
          "The upstreams that get the mail, by the names of their tables, in the order of their "
          "priorities; required. An upstream that a route names gets no other mail.");

  if (upstreams.empty()) v.error("upstreams", "a route needs the name of an upstream at least");
  for (const std::string& entry : senders)
    if (const auto good = SenderPatterns::check(entry); !good)
      v.error("senders", good.error().text);
  for (const std::string& entry : recipient_domains)
    if (const auto good = relay::DomainSet::check(entry, relay::DomainSet::Use::any); !good)
      v.error("recipient_domains", good.error().text);
}

}  // namespace sekisho::upstream
