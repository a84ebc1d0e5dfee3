#include "filters/spf/evaluator.h"

#include <algorithm>
#include <array>
#include <expected>
#include <ranges>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "filters/spf/names.h"
#include "filters/spf/record.h"
#include "gateway/base/text.h"
#include "gateway/dns/client_name.h"

namespace sekisho::spf {
namespace {

// RFC 7208 section 4.6.4.
constexpr unsigned kMaxLookups = 10;
constexpr unsigned kMaxVoidLookups = 2;
constexpr std::size_t kMaxMxNames = 10;
constexpr std::size_t kMaxPtrNames = 10;

// Why an evaluation ends in the middle of a record: an error, or an answer that isn't there yet.
struct Stop {
  std::optional<Outcome> outcome;  // none: an answer is missing
  std::string problem;
};
template <class T>
using Step = std::expected<T, Stop>;

std::unexpected<Stop> stop(Outcome outcome, std::string problem) {
  return std::unexpected(Stop{outcome, std::move(problem)});
}

std::string_view name_of(Mechanism mechanism) {
  constexpr std::array<std::string_view, 8> kNames{"all", "include", "a",   "mx",
                                                   "ptr", "ip4",     "ip6", "exists"};
  return kNames.at(static_cast<std::size_t>(mechanism));
}

Outcome outcome_of(Qualifier qualifier) {
  switch (qualifier) {
    case Qualifier::pass:
      return Outcome::pass;
    case Qualifier::fail:
      return Outcome::fail;
    case Qualifier::softfail:
      return Outcome::softfail;
    case Qualifier::neutral:
      return Outcome::neutral;
  }
  return Outcome::neutral;
}

bool is_in(const IpAddress& client, const IpAddress& network, int prefix4, int prefix6) {
  if (client.is_v4() != network.is_v4()) return false;
  const int prefix = client.is_v4() ? prefix4 : prefix6;
  return client.masked(prefix) == network.masked(prefix);
}

bool has_address(const dns::Answer& answer, const IpAddress& address) {
  return std::ranges::find(answer.records, address, &dns::Record::address) != answer.records.end();
}

// One evaluation from its start with what is known: made anew for each round, since it is cheap
// and keeps no state that a late answer could contradict.
class Run {
 public:
  Run(const Query& query, const DnsAnswers& answers) : query_(query), answers_(answers) {
    const auto at = query.identity.rfind('@');
    domain_ = at == std::string::npos ? query.identity : query.identity.substr(at + 1);
    // Section 4.3: an identity without a local part is the postmaster's.
    const auto local = at == std::string::npos ? std::string() : query.identity.substr(0, at);
    sender_ = (local.empty() ? "postmaster" : local) + "@" + domain_;
  }

  Evaluation evaluate() {
    const auto outcome = check_host(normal_name(domain_));
    if (!outcome && !outcome.error().outcome) return {.verdict = {}, .needed = {missing_}};
    verdict_.outcome = outcome ? *outcome : *outcome.error().outcome;
    if (!outcome) verdict_.problem = outcome.error().problem;
    verdict_.lookups = lookups_;
    verdict_.void_lookups = static_cast<unsigned>(voids_.size());
    return {.verdict = std::move(verdict_), .needed = {}};
  }

 private:
  // Section 4: the record of one domain. Recursive by include and redirect, each of which is a
  // look-up, so never deeper than kMaxLookups.
  Step<Outcome> check_host(const std::string& domain) {
    if (!is_domain(domain)) return none("'" + domain + "' is no domain name");
    const auto text = find_record(domain);
    if (!text) return std::unexpected(text.error());
    if (!*text) return none("'" + domain + "' has no SPF record");
    const auto record = parse_record(**text);
    if (!record) return stop(Outcome::permerror, domain + ": " + record.error().text);
    return evaluate_record(domain, *record);
  }

  Step<Outcome> none(std::string problem) {
    verdict_.problem = std::move(problem);
    return Outcome::none;
  }

  Step<Outcome> evaluate_record(const std::string& domain, const Record& record) {
    for (const auto& directive : record.directives) {
      const auto match = matches(domain, directive);
      if (!match) return std::unexpected(match.error());
      if (!*match) continue;
      const auto outcome = outcome_of(directive.qualifier);
      return decide(domain, record, outcome, name_of(directive.mechanism));
    }
    if (!record.redirect) return decide(domain, record, Outcome::neutral, {});
    const auto target = expand(*record.redirect, domain);
    if (!target) return std::unexpected(target.error());
    if (auto counted = count_lookup(); !counted) return std::unexpected(counted.error());
    const auto outcome = check_host(*target);
    if (outcome && *outcome == Outcome::none) {
      return stop(Outcome::permerror, "redirect: " + verdict_.problem);
    }
    return outcome;
  }

  Step<Outcome> decide(const std::string& domain, const Record& record, Outcome outcome,
                       std::string_view mechanism) {
    if (includes_ > 0) return outcome;
    verdict_.domain = domain;
    verdict_.mechanism = mechanism;
    if (outcome != Outcome::fail || !query_.explain || !record.explanation) return outcome;
    auto explained = explain(domain, *record.explanation);
    if (!explained) return std::unexpected(explained.error());
    verdict_.explanation = std::move(*explained);
    return outcome;
  }

  // Section 6.2: whatever is wrong with it, there is no explanation then.
  Step<std::string> explain(const std::string& domain, const MacroString& where) {
    const auto name = expand(where, domain);
    if (!name) return std::unexpected(name.error());
    if (!is_lookup_name(*name)) return std::string();
    const auto* answer = find({dns::Type::txt, *name});
    if (answer == nullptr) return std::unexpected(Stop{});
    if (!*answer || (*answer)->records.size() != 1) return std::string();
    const auto text =
        MacroString::parse((*answer)->records.front().text, MacroString::Grammar::explanation);
    if (!text) return std::string();
    const auto values = values_for(domain, *text);
    if (!values) return std::unexpected(values.error());
    auto words = text->expand(*values);
    if (!std::ranges::all_of(words, [](char c) { return c >= ' ' && c <= '~'; })) words.clear();
    return words;
  }

  Step<bool> matches(const std::string& domain, const Directive& directive) {
    switch (directive.mechanism) {
      case Mechanism::all:
        return true;
      case Mechanism::ip4:
      case Mechanism::ip6:
        return directive.network &&
               is_in(query_.client, *directive.network, directive.prefix4, directive.prefix6);
      default:
        break;
    }
    if (auto counted = count_lookup(); !counted) return std::unexpected(counted.error());
    auto target = directive.domain ? expand(*directive.domain, domain) : Step<std::string>(domain);
    if (!target) return std::unexpected(target.error());
    switch (directive.mechanism) {
      case Mechanism::include:
        return include(*target);
      case Mechanism::a:
        return has_client(*target, directive);
      case Mechanism::mx:
        return mx(*target, directive);
      case Mechanism::ptr:
        return ptr(*target);
      default:
        return exists(*target);
    }
  }

  // Section 5.2.
  Step<bool> include(const std::string& target) {
    ++includes_;
    const auto outcome = check_host(target);
    --includes_;
    if (!outcome) return std::unexpected(outcome.error());
    if (*outcome == Outcome::none) {
      return stop(Outcome::permerror, "include: " + verdict_.problem);
    }
    return *outcome == Outcome::pass;
  }

  // Is the client among the addresses of this name (section 5.3)?
  Step<bool> has_client(const std::string& name, const Directive& directive) {
    const auto answer = ask({query_.client.is_v4() ? dns::Type::a : dns::Type::aaaa, name});
    if (!answer) return std::unexpected(answer.error());
    return std::ranges::any_of((*answer)->records, [&](const dns::Record& record) {
      return is_in(query_.client, record.address, directive.prefix4, directive.prefix6);
    });
  }

  // Section 5.4.
  Step<bool> mx(const std::string& target, const Directive& directive) {
    const auto answer = ask({dns::Type::mx, target});
    if (!answer) return std::unexpected(answer.error());
    if ((*answer)->records.size() > kMaxMxNames) {
      return stop(Outcome::permerror, "mx: '" + target + "' has more than 10 MX records");
    }
    for (const auto& record : (*answer)->records) {
      const auto match = has_client(normal_name(record.name), directive);
      if (!match || *match) return match;
    }
    return false;
  }

  // Section 5.5.
  Step<bool> ptr(const std::string& target) {
    const auto name = validated_name(target, /*related_only=*/true);
    if (!name) return std::unexpected(name.error());
    return !name->empty();
  }

  // Section 5.7: always A, also for a client with IPv6.
  Step<bool> exists(const std::string& target) {
    const auto answer = ask({dns::Type::a, target});
    if (!answer) return std::unexpected(answer.error());
    return (*answer)->status == dns::Answer::Status::found;
  }

  // The client's name whose address is the client's: the domain itself before a name in it, that
  // before any other. Empty: there is none. Errors of the DNS only leave names out.
  Step<std::string> validated_name(const std::string& domain, bool related_only) {
    const auto* reverse = find_counted({dns::Type::ptr, dns::reverse_name(query_.client)});
    if (reverse == nullptr) return std::unexpected(Stop{});
    if (too_many_voids()) return void_limit();
    std::string best;
    if (!*reverse) return best;
    for (const auto& record : (*reverse)->records | std::views::take(kMaxPtrNames)) {
      const auto name = normal_name(record.name);
      const bool is_same = name == domain;
      const bool related = is_same || name.ends_with("." + domain);
      if (!is_lookup_name(name) || (related_only && !related)) continue;
      const bool better = best.empty() || is_same || (related && !best.ends_with("." + domain));
      if (!better) continue;
      const auto* forward =
          find_counted({query_.client.is_v4() ? dns::Type::a : dns::Type::aaaa, name});
      if (forward == nullptr) return std::unexpected(Stop{});
      if (too_many_voids()) return void_limit();
      if (*forward && has_address(**forward, query_.client)) best = name;
      if (best == domain) break;
    }
    return best;
  }

  // The one SPF record of a domain, if there is one (section 4.5).
  Step<std::optional<std::string>> find_record(const std::string& domain) {
    const auto* answer = find({dns::Type::txt, domain});
    if (answer == nullptr) return std::unexpected(Stop{});
    if (!*answer) {
      return stop(Outcome::temperror, "no answer for the TXT records of '" + domain + "'");
    }
    std::optional<std::string> record;
    for (const dns::Record& one : (*answer)->records) {
      if (!is_spf_record(one.text)) continue;
      if (record) return stop(Outcome::permerror, "'" + domain + "' has several SPF records");
      record = one.text;
    }
    return record;
  }

  Step<std::string> expand(const MacroString& text, const std::string& domain) {
    const auto values = values_for(domain, text);
    if (!values) return std::unexpected(values.error());
    return text.expand_domain(*values);
  }

  Step<MacroValues> values_for(const std::string& domain, const MacroString& text) {
    MacroValues values{.sender = sender_,
                       .domain = domain,
                       .helo = query_.helo,
                       .validated = "unknown",
                       .receiver = "unknown",
                       .client = query_.client,
                       .timestamp = query_.timestamp};
    if (!query_.receiver.empty()) values.receiver = query_.receiver;
    if (!text.needs_validated_name()) return values;
    auto name = validated_name(domain, /*related_only=*/false);
    if (!name) return std::unexpected(name.error());
    validated_ = std::move(*name);
    if (!validated_.empty()) values.validated = validated_;
    return values;
  }

  Step<void> count_lookup() {
    if (++lookups_ <= kMaxLookups) return {};
    return stop(Outcome::permerror, "more than 10 terms that need the DNS");
  }

  // An answer that a mechanism needs. A name that can't be in the DNS isn't there.
  Step<const dns::Answer*> ask(const Question& question) {
    static const dns::Answer kNone;
    if (!is_lookup_name(question.name)) return &kNone;
    const auto* answer = find_counted(question);
    if (answer == nullptr) return std::unexpected(Stop{});
    if (!*answer) {
      return stop(Outcome::temperror, "no answer for '" + question.name + "'");
    }
    if (too_many_voids()) return void_limit();
    return &**answer;
  }

  const std::optional<dns::Answer>* find_counted(const Question& question) {
    const auto* answer = find(question);
    const bool is_void = answer != nullptr && *answer && (*answer)->records.empty();
    if (is_void) voids_.insert(question);
    return answer;
  }
  const std::optional<dns::Answer>* find(const Question& question) {
    const auto at = answers_.find(question);
    if (at != answers_.end()) return &at->second;
    missing_ = question;
    return nullptr;
  }

  [[nodiscard]] bool too_many_voids() const { return voids_.size() > kMaxVoidLookups; }
  static std::unexpected<Stop> void_limit() {
    return stop(Outcome::permerror, "more than 2 look-ups found nothing");
  }

  const Query& query_;
  const DnsAnswers& answers_;
  std::string domain_;
  std::string sender_;
  std::string validated_;
  Verdict verdict_;
  Question missing_;
  std::set<Question> voids_;
  unsigned lookups_ = 0;
  unsigned includes_ = 0;  // how deep we are in include:
};

}  // namespace

std::string_view to_string(Outcome outcome) {
  constexpr std::array<std::string_view, 7> kNames{"none",     "neutral",   "pass",     "fail",
                                                   "softfail", "temperror", "permerror"};
  return kNames.at(static_cast<std::size_t>(outcome));
}

Evaluation evaluate(const Query& query, const DnsAnswers& answers) {
  return Run(query, answers).evaluate();
}

}  // namespace sekisho::spf
