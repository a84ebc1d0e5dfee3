#include "filters/spf/policy.h"

#include <utility>

#include <fmt/format.h>

#include "gateway/base/encode.h"

namespace sekisho::spf {
namespace {

using mail::SpfFact;
using smtp::Reply;

constexpr std::size_t kMaxExplanation = 300;

struct OutcomeWords {
  Outcome outcome;
  std::string_view doc;
};
constexpr std::array<OutcomeWords, 7> kOutcomes{{
    {Outcome::none, "What is done with mail of a domain that has no SPF record."},
    {Outcome::neutral, "What is done where the record says nothing about the client (?all)."},
    {Outcome::pass, "What is done where the record allows the client."},
    {Outcome::fail, "What is done where the record forbids the client (-all)."},
    {Outcome::softfail, "What is done where the record doubts the client (~all)."},
    {Outcome::temperror, "What is done when the DNS gives no answer in time."},
    {Outcome::permerror,
     "What is done where the record is wrong, or needs more than ten look-ups."},
}};

// RFC 7372 section 3.2 knows two details: the check failed, and there was an error in it.
std::string_view detail(Outcome outcome) {
  switch (outcome) {
    case Outcome::fail:
    case Outcome::softfail:
      return "7.23";
    case Outcome::temperror:
    case Outcome::permerror:
      return "7.24";
    case Outcome::none:
    case Outcome::neutral:
    case Outcome::pass:
      break;
  }
  return "7.1";
}

std::string our_words(const Finding& finding, const IpAddress& client) {
  const bool helo = finding.identity == SpfFact::Identity::helo;
  const std::string domain = encode_for_smtp(finding.domain, 253);
  const std::string address = client.to_string();
  switch (finding.verdict.outcome) {
    case Outcome::fail:
    case Outcome::softfail:
      return helo ? fmt::format("SPF: {} may not call itself {}", address, domain)
                  : fmt::format("SPF: {} may not send mail from {}", address, domain);
    case Outcome::temperror:
      return fmt::format("SPF: the DNS gives no answer for {}, try again later", domain);
    case Outcome::permerror:
      return fmt::format("SPF: the record of {} is wrong", domain);
    case Outcome::none:
      return fmt::format("SPF: {} has no record", domain);
    case Outcome::neutral:
    case Outcome::pass:
      break;
  }
  return fmt::format("SPF: mail from {} is not taken from {}", domain, address);
}

// Section 6.2: the domain's words must be told as the domain's.
std::string words(const Finding& finding, const IpAddress& client) {
  std::string text = our_words(finding, client);
  if (!finding.verdict.explanation.empty())
    text += fmt::format("; {} explains: {}", encode_for_smtp(finding.domain, 253),
                        encode_for_smtp(finding.verdict.explanation, kMaxExplanation));
  return text;
}

}  // namespace

std::string_view to_string(SpfFact::Identity identity) {
  return identity == SpfFact::Identity::helo ? "helo" : "mailfrom";
}

mail::AuthResult auth_result(Outcome outcome) {
  switch (outcome) {
    case Outcome::none:
      return mail::AuthResult::none;
    case Outcome::neutral:
      return mail::AuthResult::neutral;
    case Outcome::pass:
      return mail::AuthResult::pass;
    case Outcome::fail:
      return mail::AuthResult::fail;
    case Outcome::softfail:
      return mail::AuthResult::softfail;
    case Outcome::temperror:
      return mail::AuthResult::temperror;
    case Outcome::permerror:
      return mail::AuthResult::permerror;
  }
  return mail::AuthResult::temperror;
}

void Policy::visit(SettingsVisitor& v) {
  for (const auto& [outcome, doc] : kOutcomes) {
    v.choice<Action>(to_string(outcome), actions_.at(static_cast<std::size_t>(outcome)),
                     {{"pass", Action::pass},
                      {"tag", Action::tag},
                      {"quarantine", Action::quarantine},
                      {"defer", Action::defer},
                      {"reject", Action::reject}},
                     doc);
  }
}

filters::Verdict Policy::verdict_on(const Finding& finding, const IpAddress& client) const {
  const Outcome outcome = finding.verdict.outcome;
  switch (action_for(outcome)) {
    case Action::pass:
    case Action::tag:
      break;
    case Action::quarantine:
      return filters::Verdict::quarantine(describe(finding));
    case Action::defer:
      return filters::Verdict::defer(
          Reply::of(451, fmt::format("4.{}", detail(outcome)), words(finding, client)),
          describe(finding));
    case Action::reject:
      return filters::Verdict::reject(
          Reply::of(550, fmt::format("5.{}", detail(outcome)), words(finding, client)),
          describe(finding));
  }
  return filters::Verdict::pass();
}

std::string describe(const Finding& finding) {
  std::string text = fmt::format("SPF {} of {} ({})", to_string(finding.verdict.outcome),
                                 finding.domain, to_string(finding.identity));
  const std::string& more =
      finding.verdict.problem.empty() ? finding.verdict.mechanism : finding.verdict.problem;
  return more.empty() ? text : text + ": " + more;
}

}  // namespace sekisho::spf
