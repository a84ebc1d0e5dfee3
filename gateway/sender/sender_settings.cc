#include "gateway/sender/sender_settings.h"

#include <fmt/format.h>

#include "gateway/base/encode.h"
#include "gateway/base/text.h"
#include "gateway/sender/canonical.h"

namespace sekisho::sender {

std::string_view to_string(Policy policy) {
  switch (policy) {
    case Policy::by_default:
      return "default";
    case Policy::off:
      return "off";
    case Policy::log:
      return "log";
    case Policy::rewrite:
      return "rewrite";
    case Policy::reject:
      return "reject";
  }
  return "unknown";
}

std::vector<std::pair<std::string_view, Policy>> policy_words() {
  return {{"reject", Policy::reject},
          {"rewrite", Policy::rewrite},
          {"log", Policy::log},
          {"off", Policy::off}};
}

void SenderSettings::visit(SettingsVisitor& v) {
  v.choice<Policy>(
      "policy", policy, policy_words(),
      "What happens to authenticated mail that names an address which is not the user's, in MAIL "
      "FROM or in From, Sender, Resent-From or Resent-Sender, or that has no From or several: "
      "reject (553 or 550); rewrite (the user's own address is put there, the original kept in "
      "X-Original-From and the like); log; off. It is applied to users of whom something is known: "
      "by map_file, by login_domains, or because the login is an address. Several From fields are "
      "refused for the others too.");
  v.field("map_file", map_file,
          "A file with the addresses of each user, one user a line: \"ann: ann@example.com, "
          "sales@example.com, *@ann.example, @support\", groups as \"@support: "
          "support@example.com\", what everybody may use as \"*: …\", with # comments. Users who "
          "are not in it may use their login's address alone. Read again when it changes; a broken "
          "file leaves the former content in force.");
  v.field("own_login", own_login,
          "Whether a user whose login is an address (\"ann@example.com\") may use that address.");
  v.field("login_domains", login_domains,
          "Domains in which each user may use the login as the local part: with \"example.com\" "
          "the user ann may send as ann@example.com. Logins that are addresses get nothing here.");
  v.field("tag_separator", tag_separator,
          "What parts an address from its tag: with \"+\" the owner of ann@example.com may send as "
          "ann+news@example.com. Empty: tags are another's address.");
  v.field("allow_null_sender", allow_null_sender,
          "Whether users may give the empty sender <>. Mail programs send the receipts that "
          "somebody asked for with it (RFC 8098 section 3); their From is checked all the same.");

  for (const std::string& domain : login_domains) {
    const auto parsed = smtp::parse_domain(domain, true);
    if (!parsed || !canonical_domain(*parsed))
      v.error("login_domains", fmt::format("\"{}\" is not a domain name", encode_for_log(domain)));
  }
  const bool one_sign = tag_separator.size() == 1 && tag_separator.front() > ' ' &&
                        tag_separator.front() < 0x7F && !is_alnum(tag_separator.front()) &&
                        tag_separator != "@" && tag_separator != "\"";
  if (!tag_separator.empty() && !one_sign)
    v.error("tag_separator", "must be one sign such as \"+\" or \"-\", or empty for none");
  if (policy == Policy::off && v.is_set("policy") && !map_file.empty())
    v.error("map_file", "has no effect with policy = \"off\"; take one of the two out");
}

}  // namespace sekisho::sender
