#include "filters/dkim/signatures.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "filters/dkim/canonical.h"
#include "filters/dkim/key.h"
#include "filters/dkim/tag_list.h"
#include "filters/domain_name.h"
#include "gateway/base/text.h"

namespace sekisho::dkim {
namespace {

using mail::AuthResult;

constexpr std::size_t kSignatureStart = 8;  // of b=, to tell signatures apart (RFC 6008)

bool is_at_or_below(std::string_view domain, std::string_view parent) {
  return domain == parent || (domain.size() > parent.size() && domain.ends_with(parent) &&
                              domain[domain.size() - parent.size() - 1] == '.');
}

// d= and s= may have U-labels (RFC 8616); the DNS and DMARC know the A-labels.
std::optional<std::string> dns_name(std::string_view text) {
  auto name = filters::to_a_labels(text);
  if (!name || text.ends_with('.')) return std::nullopt;
  return std::move(*name);
}

// What makes the signature worthless (RFC 6376 section 6.1.1), or empty.
std::string flaw_of(const TagList& tags, std::string_view domain, WallTime now) {
  if (tags.value_or("v", "") != "1") return "v= is not 1";
  const auto algorithm = tags.value_or("a", "");
  if (algorithm == "rsa-sha1") return "SHA-1 proves nothing any more (RFC 8301)";
  if (!parse_algorithm(algorithm)) return "a= is not known";
  if (!Canonicalization::parse(tags.value_or("c", "simple"))) return "c= is not known";
  const auto methods = tags.find("q");
  if (methods) {
    const auto words = words_of_list(*methods);
    if (std::ranges::find(words, "dns/txt") == words.end()) return "q= is not known";
  }
  const auto signed_fields = words_of_list(tags.value_or("h", ""));
  if (std::ranges::none_of(signed_fields, [](auto name) { return iequals(name, "from"); }))
    return "From is not signed";
  for (const std::string_view name : {"b", "bh"}) {
    const auto bytes = decode_base64_value(tags.value_or(name, ""));
    if (!bytes || bytes->empty()) return std::string(name) + "= is not base64";
  }
  if (const auto identity = tags.find("i")) {
    const std::size_t at = identity->rfind('@');
    if (identity->size() > kMaxIdentity) return "i= is too long";
    const auto below =
        at == std::string_view::npos ? std::nullopt : dns_name(identity->substr(at + 1));
    if (!below || !is_at_or_below(*below, domain)) return "i= is not of the signing domain";
  }
  if (const auto length = tags.find("l"); length && !decimal_value(*length))
    return "l= is no length";
  const auto made = tags.find("t");
  const auto expires = tags.find("x");
  const auto made_at = made ? decimal_value(*made) : std::nullopt;
  const auto expires_at = expires ? decimal_value(*expires) : std::nullopt;
  if ((made && !made_at) || (expires && !expires_at)) return "t= or x= is no time";
  if (expires_at) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch());
    if (made_at && *expires_at <= *made_at) return "x= is not after t=";
    if (std::cmp_less(*expires_at, seconds.count())) return "the signature has expired";
  }
  return {};
}

void read(const mail::HeaderField& field, WallTime now, Candidate& candidate) {
  mail::DkimFact& fact = candidate.fact;
  const auto refuse = [&fact](std::string why) {
    fact.result = AuthResult::permerror;
    fact.reason = std::move(why);
  };
  if (field.raw.size() > kMaxSignatureField) return refuse("the field is too long");
  const auto tags = TagList::parse(field.value);
  if (!tags) return refuse(tags.error().text);
  fact.algorithm = tags->value_or("a", "");
  fact.identity = tags->value_or("i", "");
  fact.signature = without_blanks(tags->value_or("b", "")).substr(0, kSignatureStart);
  auto domain = dns_name(tags->value_or("d", ""));
  if (!domain) return refuse("d= is no domain");
  fact.domain = std::move(*domain);
  const auto selector = dns_name(tags->value_or("s", ""));
  if (!selector) return refuse("s= is no selector");
  fact.selector = *selector;
  if (auto flaw = flaw_of(*tags, fact.domain, now); !flaw.empty()) return refuse(std::move(flaw));
  candidate.key_name = fact.selector + "._domainkey." + fact.domain;
}

}  // namespace

std::vector<Candidate> find_signatures(const mail::Headers& headers, WallTime now) {
  std::vector<Candidate> found;
  for (std::size_t i = 0; i < headers.fields().size() && found.size() < kMaxSignatures; ++i) {
    const mail::HeaderField& field = headers.fields()[i];
    if (!iequals(field.name, kSignatureField)) continue;
    Candidate candidate;
    candidate.field = i;
    read(field, now, candidate);
    found.push_back(std::move(candidate));
  }
  return found;
}

}  // namespace sekisho::dkim
