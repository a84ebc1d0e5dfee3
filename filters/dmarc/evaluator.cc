#include "filters/dmarc/evaluator.h"

#include <algorithm>
#include <utility>

#include "gateway/base/text.h"

namespace sekisho::dmarc {
namespace {

using mail::AuthResult;

bool is_at_or_below(std::string_view domain, std::string_view top) {
  return domain == top || (domain.size() > top.size() && domain.ends_with(top) &&
                           domain[domain.size() - top.size() - 1] == '.');
}

// "a.example.com" below "example.com" for "x.a.example.com".
std::string_view one_label_below(std::string_view domain, std::string_view top) {
  const std::string_view labels = domain.substr(0, domain.size() - top.size() - 1);
  const auto dot = labels.rfind('.');
  return dot == std::string_view::npos ? domain : domain.substr(dot + 1);
}

// Which names are of the same organization as the From domain.
struct Organization {
  enum class By : std::uint8_t {
    suffixes,  // the public suffix list says which
    below,     // all at and below the name
    itself     // the name alone: it is a public suffix by its own word
  };
  By by = By::suffixes;
  std::string name;
};

class Evaluator {
 public:
  Evaluator(const Query& query, const PublicSuffixes& suffixes, const DnsAnswers& answers)
      : query_(query), suffixes_(suffixes), answers_(answers) {
    organization_.name = suffixes.organizational_domain(query.from_domain);
  }

  Evaluation run();

 private:
  // What the search for a record ends with.
  enum class Step : std::uint8_t { go_on, found, nothing, failed, invalid, asks };

  Step find_record();
  Step look_at(std::string_view domain);
  Step choose_policy();
  void compare_identifiers();
  void judge();
  [[nodiscard]] bool has_aligned(AuthResult result) const;
  [[nodiscard]] bool aligned(std::string_view domain, bool strict) const;
  // nullptr: it has to be asked for, and is.
  const std::optional<dns::Answer>* answer(dns::Type type, std::string name);
  Evaluation ends(AuthResult result, std::string_view reason);

  const Query& query_;
  const PublicSuffixes& suffixes_;
  const DnsAnswers& answers_;
  Organization organization_;
  std::optional<Question> needed_;
  std::string problem_;
  Verdict verdict_;
};

const std::optional<dns::Answer>* Evaluator::answer(dns::Type type, std::string name) {
  Question question{type, std::move(name)};
  const auto known = answers_.find(question);
  if (known != answers_.end()) return &known->second;
  needed_ = std::move(question);
  return nullptr;
}

// Section 6.6.3: records of other kinds don't count, and several are none at all.
Evaluator::Step Evaluator::look_at(std::string_view domain) {
  const auto* known = answer(dns::Type::txt, "_dmarc." + std::string(domain));
  if (known == nullptr) return Step::asks;
  if (!*known) return Step::failed;
  const dns::Record* only = nullptr;
  for (const dns::Record& record : (*known)->records) {
    if (!is_dmarc_record(record.text)) continue;
    if (only != nullptr) {
      problem_ = "the domain has several records";
      return Step::nothing;
    }
    only = &record;
  }
  if (only == nullptr) return Step::go_on;
  verdict_.record_domain = domain;
  auto parsed = parse_record(only->text);
  if (!parsed) {
    problem_ = parsed.error().text;
    return Step::invalid;
  }
  verdict_.record = std::move(*parsed);
  return Step::found;
}

Evaluator::Step Evaluator::find_record() {
  const std::string& from = query_.from_domain;
  Step step = look_at(from);
  if (step == Step::found && verdict_.record->psd != Psd::unknown) {
    const bool suffix = verdict_.record->psd == Psd::yes;
    organization_ = {suffix ? Organization::By::itself : Organization::By::below, from};
  }
  if (step != Step::go_on) return step;
  if (organization_.name != from) {
    step = look_at(organization_.name);
    if (step == Step::found && verdict_.record->psd == Psd::yes) {
      organization_ = {Organization::By::below,
                       std::string(one_label_below(from, verdict_.record_domain))};
    }
    if (step != Step::go_on) return step;
  }
  // Last, the public suffix above (RFC 9091): it speaks for the domains below it only when it says
  // that it is one.
  const std::string suffix = suffixes_.public_suffix(from);
  if (suffix == from) return Step::nothing;
  step = look_at(suffix);
  if (step == Step::asks || step == Step::failed) return step;
  if (step == Step::found && verdict_.record->psd == Psd::yes) return step;
  verdict_.record.reset();
  verdict_.record_domain.clear();
  return Step::nothing;
}

// p is for the domain that has the record, np for names that don't exist, sp for the others.
Evaluator::Step Evaluator::choose_policy() {
  const Record& record = *verdict_.record;
  verdict_.policy = record.policy;
  if (verdict_.record_domain == query_.from_domain) return Step::found;
  verdict_.policy = record.subdomain_policy.value_or(record.policy);
  const auto nonexistent = record.nonexistent_policy.value_or(verdict_.policy);
  if (nonexistent == verdict_.policy || has_aligned(AuthResult::pass)) return Step::found;
  // NXDOMAIN for one type is NXDOMAIN for the name (RFC 8020).
  const auto* known = answer(dns::Type::a, query_.from_domain);
  if (known == nullptr) return Step::asks;
  if (!*known) return Step::failed;
  if ((*known)->status == dns::Answer::Status::no_name) verdict_.policy = nonexistent;
  return Step::found;
}

bool Evaluator::aligned(std::string_view domain, bool strict) const {
  if (domain == query_.from_domain) return true;
  if (strict || domain.empty()) return false;
  switch (organization_.by) {
    case Organization::By::below:
      return is_at_or_below(domain, organization_.name);
    case Organization::By::suffixes:
      return suffixes_.organizational_domain(domain) == organization_.name;
    case Organization::By::itself:
      break;
  }
  return false;
}

void Evaluator::compare_identifiers() {
  const bool strict_spf = verdict_.record && verdict_.record->strict_spf;
  const bool strict_dkim = verdict_.record && verdict_.record->strict_dkim;
  const auto add = [&](std::string_view method, AuthResult result, const std::string& domain,
                       bool strict) {
    std::string name = to_lower(domain);
    if (name.ends_with('.')) name.pop_back();
    const bool same = aligned(name, strict);
    verdict_.identifiers.push_back({method, result, std::move(name), same});
  };
  // The HELO name by itself says nothing of the message's author (section 4.1).
  if (const auto* spf = query_.authentication.find_spf(mail::SpfFact::Identity::mail_from)) {
    add("spf", spf->result, spf->domain, strict_spf);
  }
  for (const mail::DkimFact& dkim : query_.authentication.dkim) {
    add("dkim", dkim.result, dkim.domain, strict_dkim);
  }
}

bool Evaluator::has_aligned(AuthResult result) const {
  return std::ranges::any_of(verdict_.identifiers, [&](const Identifier& identifier) {
    return identifier.aligned && identifier.result == result;
  });
}

void Evaluator::judge() {
  if (has_aligned(AuthResult::pass)) {
    verdict_.result = AuthResult::pass;
    return;
  }
  verdict_.disposition = verdict_.policy;
  if (verdict_.record->testing) {
    verdict_.disposition = weaker(verdict_.disposition);
    verdict_.reason = "the domain is testing its policy";
  }
  if (query_.sample >= verdict_.record->percent && verdict_.disposition != Policy::none) {
    verdict_.disposition = weaker(verdict_.disposition);
    verdict_.reason = "the policy is not for all mail, and not for this message";
  }
  verdict_.result = AuthResult::fail;
  if (has_aligned(AuthResult::temperror)) {
    verdict_.result = AuthResult::temperror;
    verdict_.reason = "what could have passed could not be checked";
  }
}

Evaluation Evaluator::ends(AuthResult result, std::string_view reason) {
  verdict_.result = result;
  verdict_.reason = reason;
  return {std::move(verdict_), std::nullopt};
}

Evaluation Evaluator::run() {
  Step step = find_record();
  verdict_.organizational_domain = organization_.name;
  compare_identifiers();
  if (step == Step::found) step = choose_policy();
  if (step == Step::asks) return {std::nullopt, std::move(needed_)};
  switch (step) {
    case Step::failed:
      return ends(AuthResult::temperror, "the record could not be looked up");
    case Step::invalid:
      return ends(AuthResult::permerror, problem_);
    case Step::found:
      judge();
      return {std::move(verdict_), std::nullopt};
    default:
      return ends(AuthResult::none, problem_);
  }
}

}  // namespace

Evaluation evaluate(const Query& query, const PublicSuffixes& suffixes, const DnsAnswers& answers) {
  return Evaluator(query, suffixes, answers).run();
}

}  // namespace sekisho::dmarc
