#include "filters/dkim/judgement.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "filters/dkim/canonical.h"
#include "filters/dkim/opendkim_verify.h"
#include "filters/dkim/own_verify.h"
#include "filters/dkim/tag_list.h"
#include "filters/domain_name.h"
#include "gateway/base/text.h"

namespace sekisho::dkim {
namespace {

using mail::AuthResult;

// What a key is good for is decided before a verifier sees it. Nothing: the candidate's result is
// written.
std::optional<KeyRecord> judge_key(const KeyAnswer& answer, Candidate& candidate) {
  const auto conclude = [&](AuthResult result, std::string why) {
    candidate.fact.result = result;
    candidate.fact.reason = std::move(why);
    return std::nullopt;
  };
  if (answer.status == KeyAnswer::Status::failed)
    return conclude(AuthResult::temperror, "the key can't be had now");
  if (answer.status == KeyAnswer::Status::none)
    return conclude(AuthResult::permerror, "there is no key");
  auto record = KeyRecord::parse(answer.text);
  if (!record) return conclude(AuthResult::permerror, "the key: " + record.error().text);
  if (!record->key) return conclude(AuthResult::permerror, "the key was revoked");
  if (to_string(record->key->algorithm()) != candidate.fact.algorithm)
    return conclude(AuthResult::permerror, "the key is for another algorithm");
  const auto& identity = candidate.fact.identity;
  if (record->strict_identity && !identity.empty() &&
      filters::to_a_labels(identity.substr(identity.rfind('@') + 1)) != candidate.fact.domain)
    return conclude(AuthResult::permerror, "the key doesn't allow i= in a subdomain");
  return std::move(*record);
}

TagList tags_of(const mail::Headers& headers, const Candidate& candidate) {
  auto tags = TagList::parse(headers.fields()[candidate.field].value);
  return tags ? std::move(*tags) : TagList();
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// libopendkim gets no DKIM-Signature that it is not to verify: not those that the guard refused,
// nor those with UTF-8, of which it can't read a tag. One that covers such a field can't be
// verified without it.
struct Shares {
  std::vector<OpenSignature> library;
  std::vector<OpenSignature> ours;
};
Shares share(const mail::Headers& headers, std::vector<OpenSignature> open) {
  const auto is_plain = [&](const OpenSignature& one) {
    return is_ascii(headers.fields()[one.candidate->field].raw);
  };
  const auto covers_signatures = [&](const OpenSignature& one) {
    const auto tags = tags_of(headers, *one.candidate);
    return std::ranges::any_of(words_of_list(tags.value_or("h", "")), [](std::string_view name) {
      return iequals(name, kSignatureField);
    });
  };
  const bool all_seen =
      std::cmp_equal(headers.count(kSignatureField), std::ranges::count_if(open, is_plain));
  Shares shares;
  for (OpenSignature& one : open) {
    const bool for_library = is_plain(one) && (all_seen || !covers_signatures(one));
    (for_library ? shares.library : shares.ours).push_back(std::move(one));
  }
  return shares;
}

// What stands behind l= is anybody's (RFC 6376 section 8.2).
Result<void> judge_length(const mail::Headers& headers, const BodySource& body,
                          Candidate& candidate) {
  const auto tags = tags_of(headers, candidate);
  const auto limit = tags.find("l");
  if (!limit || candidate.fact.result != AuthResult::pass) return {};
  const auto forms = Canonicalization::parse(tags.value_or("c", "simple"));
  const auto length = decimal_value(*limit);
  BodyHash hash(forms ? forms->body : Form::simple);
  auto read = body([&hash](std::string_view bytes) { hash.feed(bytes); });
  if (!read) return read;
  if (forms && length && *length >= hash.finished_length()) return {};
  candidate.fact.result = AuthResult::policy;
  candidate.fact.reason = "only the start of the body is signed";
  return {};
}

// A domain that tests DKIM (t=y) is treated as if it had not signed, whatever the signature is
// worth (section 3.6.1): neither pass nor fail. What it would be worth is told, for whoever tests.
void set_aside(mail::DkimFact& fact) {
  const std::string worth =
      fact.result == AuthResult::pass
          ? "it would pass"
          : std::string(to_string(fact.result)).append(": ").append(fact.reason);
  fact.reason = "t=y, the domain only tests DKIM; " + worth;
  fact.result = AuthResult::neutral;
}

}  // namespace

Result<void> judge_signatures(const mail::Headers& headers, const BodySource& body,
                              const std::vector<KeyAnswer>& keys,
                              std::vector<Candidate>& candidates) {
  std::vector<OpenSignature> open;
  std::vector<Candidate*> judged;
  std::vector<Candidate*> tests;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (!candidates[i].open()) continue;
    const auto record = judge_key(keys.at(i), candidates[i]);
    if (!record) continue;
    open.push_back({&candidates[i], *record->key});
    judged.push_back(&candidates[i]);
    if (record->testing) tests.push_back(&candidates[i]);
  }
  const Shares shares = share(headers, std::move(open));
  if (auto done = verify_with_opendkim(headers, body, shares.library); !done) return done;
  if (auto done = verify_by_ourselves(headers, body, shares.ours); !done) return done;
  for (Candidate* one : judged)
    if (auto done = judge_length(headers, body, *one); !done) return done;
  for (Candidate* one : tests) set_aside(one->fact);
  return {};
}

}  // namespace sekisho::dkim
