#include "filters/arc/verification.h"

#include <algorithm>
#include <utility>

#include "filters/dkim/running_hash.h"
#include "filters/domain_name.h"
#include "gateway/base/text.h"

namespace sekisho::arc {
namespace {

using dkim::Form;

// Nothing: a= isn't known, or s= and d= make no name of the DNS.
std::optional<Check> read_check(const dkim::TagList& tags) {
  Check check;
  const auto algorithm = dkim::parse_algorithm(tags.value_or("a", ""));
  const auto name = filters::to_a_labels(std::string(tags.value_or("s", "")) + "._domainkey." +
                                         std::string(tags.value_or("d", "")));
  auto signature = dkim::decode_base64_value(tags.value_or("b", ""));
  if (!algorithm || !name || !signature || signature->empty()) return std::nullopt;
  check.algorithm = *algorithm;
  check.key_name = *name;
  check.signature = std::move(*signature);
  return check;
}

// The newest message signature (section 4.1.2), which is like a DKIM-Signature. False: it can't
// hold.
bool plan_signature(const mail::Headers& headers, const Set& set, WallTime now, Plan& plan) {
  const dkim::TagList& tags = set.signature_tags;
  auto check = read_check(tags);
  const auto forms = dkim::Canonicalization::parse(tags.value_or("c", "simple/simple"));
  auto body_hash = dkim::decode_base64_value(tags.value_or("bh", ""));
  const auto names = dkim::words_of_list(tags.value_or("h", ""));
  const auto has = [&](std::string_view name) {
    return std::ranges::any_of(names, [&](std::string_view word) { return iequals(word, name); });
  };
  // A signature of a part of the body (l=) would let anybody add to it.
  if (!check || !forms || !body_hash || tags.find("l") || !has("from") || has(kSealField)) {
    return false;
  }
  if (const auto end = tags.find("x")) {
    const auto seconds = dkim::decimal_value(*end);
    const auto passed = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch());
    if (!seconds || std::cmp_less(*seconds, passed.count())) return false;
  }
  check->digest = dkim::sha256(dkim::selected_fields(forms->header, headers, names) +
                               dkim::unsigned_form(forms->header, set.signature));
  plan.checks.push_back(std::move(*check));
  plan.body_form = forms->body;
  plan.body_hash = std::move(*body_hash);
  return true;
}

}  // namespace

std::vector<std::string> sealed_digests(const std::vector<Set>& sets) {
  dkim::RunningHash covered;
  std::vector<std::string> digests;
  for (const Set& set : sets) {
    covered.add(dkim::canonical_field(Form::relaxed, set.results));
    covered.add(dkim::canonical_field(Form::relaxed, set.signature));
    digests.push_back(covered.digest_with(dkim::unsigned_form(Form::relaxed, set.seal)));
    covered.add(dkim::canonical_field(Form::relaxed, set.seal));
  }
  return digests;
}

Plan plan_verification(const mail::Headers& headers, const Chain& chain, WallTime now) {
  Plan plan;
  plan.flaw = chain.flaw;
  if (chain.sets.empty()) return plan;
  plan.domain = to_lower(chain.sets.back().seal_tags.value_or("d", ""));
  if (!plan.flaw.empty()) return plan;
  if (!plan_signature(headers, chain.sets.back(), now, plan)) {
    plan.flaw = "the newest message signature is not valid";
    return plan;
  }
  auto digests = sealed_digests(chain.sets);
  for (std::size_t i = chain.sets.size(); i > 0; --i) {
    auto check = read_check(chain.sets[i - 1].seal_tags);
    if (!check) {
      plan.flaw = "a seal is not valid";
      return plan;
    }
    check->digest = std::move(digests[i - 1]);
    plan.checks.push_back(std::move(*check));
  }
  return plan;
}

Finding verify(const Plan& plan, std::string_view body_hash, const Keys& keys) {
  if (!plan.flaw.empty()) return {Outcome::fail, plan.flaw};
  if (body_hash != plan.body_hash) return {Outcome::fail, "the body was changed"};
  bool unknown = false;
  for (const Check& check : plan.checks) {
    const bool seal = &check != &plan.checks.front();
    const auto found = keys.find(check.key_name);
    if (found == keys.end() || !found->second) {
      unknown = true;
      continue;
    }
    const auto& key = found->second->key;
    if (!key || key->algorithm() != check.algorithm) {
      return {Outcome::fail, seal ? "a seal has no key" : "the newest signature has no key"};
    }
    if (!key->verify(check.digest, check.signature)) {
      return {Outcome::fail, seal ? "a seal does not hold" : "the newest signature does not hold"};
    }
  }
  if (unknown) return {Outcome::temperror, "a key could not be looked up"};
  return {Outcome::pass, {}};
}

}  // namespace sekisho::arc
