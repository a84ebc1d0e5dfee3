// `sekisho dmarc`: which policy DMARC finds for an author's domain, what it makes of results of SPF
// and DKIM, and what it asked for that.
#include <cstdio>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "filters/dmarc/check.h"
#include "filters/domain_name.h"
#include "gateway/base/encode.h"
#include "gateway/cli/command_resolver.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/exit_code.h"

namespace sekisho::cli {
namespace {

using mail::AuthResult;

constexpr Duration kMaxTime = 20s;

int complain(std::string_view what) {
  fmt::print(stderr, "sekisho dmarc: {}\n", what);
  return kErrors;
}

// "pass:example.com", the result of a method and whose it is.
struct Claim {
  AuthResult result = AuthResult::none;
  std::string domain;
};
Result<Claim> parse_claim(std::string_view option, const std::string& text) {
  const auto colon = text.find(':');
  const std::string_view word = std::string_view(text).substr(0, colon);
  for (const AuthResult result :
       {AuthResult::none, AuthResult::pass, AuthResult::fail, AuthResult::softfail,
        AuthResult::neutral, AuthResult::policy, AuthResult::temperror, AuthResult::permerror}) {
    if (colon == std::string::npos || word != mail::to_string(result)) continue;
    auto domain = filters::to_a_labels(std::string_view(text).substr(colon + 1));
    if (!domain) break;
    return Claim{result, std::move(*domain)};
  }
  return fail(ErrorKind::invalid,
              fmt::format("{}: '{}' is not RESULT:DOMAIN, as pass:example.com", option, text));
}

Result<mail::Authentication> claims(const DmarcWish& wish) {
  mail::Authentication facts;
  if (!wish.spf.empty()) {
    auto claim = parse_claim("--spf", wish.spf);
    if (!claim) return std::unexpected(std::move(claim.error()));
    mail::SpfFact& fact = facts.spf.emplace_back();
    fact.result = claim->result;
    fact.domain = std::move(claim->domain);
  }
  for (const std::string& text : wish.dkim) {
    auto claim = parse_claim("--dkim", text);
    if (!claim) return std::unexpected(std::move(claim.error()));
    mail::DkimFact& fact = facts.dkim.emplace_back();
    fact.result = claim->result;
    fact.domain = std::move(claim->domain);
  }
  return facts;
}

std::vector<std::string> texts_of(const dmarc::Lookup& lookup) {
  std::vector<std::string> texts;
  if (!lookup.answer) return texts;
  for (const dns::Record& record : lookup.answer->records) {
    texts.push_back(lookup.question.type == dns::Type::txt
                        ? '"' + encode_for_log(record.text, 4096) + '"'
                        : record.address.to_string());
  }
  return texts;
}

std::string error_of(const dmarc::Lookup& lookup) {
  return lookup.answer ? std::string() : encode_for_log(lookup.answer.error().text);
}

void print_record(const dmarc::Verdict& verdict) {
  if (!verdict.record) return;
  const dmarc::Record& record = *verdict.record;
  fmt::print("  policy {}, by the record of {}", to_string(verdict.policy), verdict.record_domain);
  if (record.percent < 100) fmt::print(", for {}% of the mail", record.percent);
  if (record.testing) fmt::print(", under test");
  fmt::print("\n  alignment: spf {}, dkim {}; organizational domain {}\n",
             record.strict_spf ? "strict" : "relaxed", record.strict_dkim ? "strict" : "relaxed",
             verdict.organizational_domain);
  if (!record.reports.empty()) fmt::print("  reports to {}\n", encode_for_log(record.reports));
}

void print_text(const dmarc::Check& check) {
  const dmarc::Verdict& verdict = check.verdict;
  fmt::print("{}\n", mail::to_string(verdict.result));
  if (!verdict.reason.empty()) fmt::print("  {}\n", verdict.reason);
  print_record(verdict);
  for (const dmarc::Identifier& identifier : verdict.identifiers) {
    fmt::print("  {} {} of {}: {}\n", identifier.method, mail::to_string(identifier.result),
               identifier.domain, identifier.aligned ? "aligned" : "not aligned");
  }
  if (verdict.result == AuthResult::fail) {
    fmt::print("  the domain asks for: {}\n", to_string(verdict.disposition));
  }
  fmt::print("look-ups:\n");
  for (const dmarc::Lookup& lookup : check.lookups) {
    const auto texts = texts_of(lookup);
    const auto nothing = lookup.answer ? std::string("nothing") : error_of(lookup);
    fmt::print("  {} {}: {}\n", to_string(lookup.question.type), lookup.question.name,
               texts.empty() ? nothing : fmt::format("{}", fmt::join(texts, ", ")));
  }
}

nlohmann::json record_of(const dmarc::Verdict& verdict) {
  if (!verdict.record) return nullptr;
  const dmarc::Record& record = *verdict.record;
  return {{"domain", verdict.record_domain},   {"percent", record.percent},
          {"testing", record.testing},         {"strict_spf", record.strict_spf},
          {"strict_dkim", record.strict_dkim}, {"reports", encode_for_log(record.reports)}};
}

void print_json(const dmarc::Check& check) {
  const dmarc::Verdict& verdict = check.verdict;
  auto identifiers = nlohmann::json::array();
  for (const dmarc::Identifier& identifier : verdict.identifiers) {
    identifiers.push_back({{"method", identifier.method},
                           {"result", mail::to_string(identifier.result)},
                           {"domain", identifier.domain},
                           {"aligned", identifier.aligned}});
  }
  auto lookups = nlohmann::json::array();
  for (const dmarc::Lookup& lookup : check.lookups) {
    lookups.push_back({{"type", to_string(lookup.question.type)},
                       {"name", lookup.question.name},
                       {"answers", texts_of(lookup)},
                       {"error", error_of(lookup)}});
  }
  const nlohmann::json json{{"result", mail::to_string(verdict.result)},
                            {"policy", verdict.record ? to_string(verdict.policy) : ""},
                            {"disposition", to_string(verdict.disposition)},
                            {"reason", verdict.reason},
                            {"organizational_domain", verdict.organizational_domain},
                            {"record", record_of(verdict)},
                            {"identifiers", std::move(identifiers)},
                            {"lookups", std::move(lookups)}};
  fmt::print("{}\n", json.dump(2));
}

}  // namespace

int check_dmarc(const DmarcWish& wish, const std::filesystem::path& config_file) {
  const auto at = wish.from.rfind('@');
  const auto from = filters::to_a_labels(
      std::string_view(wish.from).substr(at == std::string::npos ? 0 : at + 1));
  if (!from) return complain("--from: '" + wish.from + "' is no domain and no address");
  const auto facts = claims(wish);
  if (!facts) return complain(facts.error().text);
  const auto suffixes = dmarc::PublicSuffixes::open();
  if (!suffixes) return complain(suffixes.error().text);
  const auto asking = CommandResolver::open(wish.dns, config_file);
  if (!asking) return complain(asking.error().text);
  CommandResolver& own = **asking;

  const dmarc::Query query{.from_domain = *from, .authentication = *facts};
  const auto check = own.loop().run_until_done(
      dmarc::check(own.resolver(), query, *suffixes, Deadline::in(kMaxTime), own.cancel()));
  if (!check) return complain(check.error().text);
  if (wish.json) {
    print_json(*check);
  } else {
    print_text(*check);
  }
  return kDone;
}

}  // namespace sekisho::cli
