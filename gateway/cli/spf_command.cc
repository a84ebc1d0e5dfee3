// `sekisho spf`: what SPF says of a client and a sender, and what it asked for that.
#include <cstdio>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "filters/spf/check.h"
#include "gateway/base/encode.h"
#include "gateway/base/text.h"
#include "gateway/cli/command_resolver.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/exit_code.h"

namespace sekisho::cli {
namespace {

int complain(std::string_view what) {
  fmt::print(stderr, "sekisho spf: {}\n", what);
  return kErrors;
}

std::vector<std::string> values_of(const spf::Lookup& lookup) {
  std::vector<std::string> values;
  if (!lookup.answer) return values;
  for (const dns::Record& record : lookup.answer->records) {
    switch (lookup.question.type) {
      case dns::Type::a:
      case dns::Type::aaaa:
        values.push_back(record.address.to_string());
        break;
      case dns::Type::txt:
        values.push_back('"' + encode_for_log(record.text, 4096) + '"');
        break;
      default:
        values.push_back(encode_for_log(record.name));
    }
  }
  return values;
}

std::string error_of(const spf::Lookup& lookup) {
  return lookup.answer ? std::string() : encode_for_log(lookup.answer.error().text);
}

void print_text(const spf::Check& check) {
  const auto& verdict = check.verdict;
  fmt::print("{}\n", to_string(verdict.outcome));
  if (!verdict.mechanism.empty()) {
    fmt::print("  matched '{}' of {}\n", verdict.mechanism, encode_for_log(verdict.domain));
  }
  if (!verdict.problem.empty()) fmt::print("  {}\n", encode_for_log(verdict.problem));
  if (!verdict.explanation.empty()) {
    fmt::print("  {} explains: {}\n", encode_for_log(verdict.domain), verdict.explanation);
  }
  fmt::print("look-ups ({} of 10 terms, {} of 2 void):\n", verdict.lookups, verdict.void_lookups);
  for (const auto& lookup : check.lookups) {
    const auto values = values_of(lookup);
    const auto nothing = lookup.answer ? std::string("nothing") : error_of(lookup);
    fmt::print("  {} {}: {}\n", to_string(lookup.question.type),
               encode_for_log(lookup.question.name),
               values.empty() ? nothing : fmt::format("{}", fmt::join(values, ", ")));
  }
}

void print_json(const spf::Check& check) {
  auto lookups = nlohmann::json::array();
  for (const auto& lookup : check.lookups) {
    lookups.push_back({{"type", to_string(lookup.question.type)},
                       {"name", encode_for_log(lookup.question.name)},
                       {"answers", values_of(lookup)},
                       {"error", error_of(lookup)}});
  }
  const auto& verdict = check.verdict;
  const nlohmann::json json{
      {"result", to_string(verdict.outcome)}, {"domain", encode_for_log(verdict.domain)},
      {"mechanism", verdict.mechanism},       {"problem", encode_for_log(verdict.problem)},
      {"explanation", verdict.explanation},   {"terms_with_lookups", verdict.lookups},
      {"void_lookups", verdict.void_lookups}, {"lookups", std::move(lookups)}};
  fmt::print("{}\n", json.dump(2));
}

}  // namespace

int check_spf(const SpfWish& wish, const std::filesystem::path& config_file) {
  const auto client = IpAddress::parse(wish.client);
  if (!client) return complain("--ip: '" + wish.client + "' is no IP address");
  const auto asking = CommandResolver::open(wish.dns, config_file);
  if (!asking) return complain(asking.error().text);
  CommandResolver& own = **asking;

  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const bool null_sender = wish.sender.empty() || wish.sender == "<>";
  const auto check = own.loop().run_until_done(spf::check(
      own.resolver(),
      {.client = *client,
       .helo = wish.helo,
       .identity = null_sender ? wish.helo : wish.sender,
       .receiver = {},
       .timestamp = std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now).count()),
       .explain = true},
      Deadline::in(spf::kMaxTime), own.cancel()));
  if (!check) return complain(check.error().text);
  if (wish.json) {
    print_json(*check);
  } else {
    print_text(*check);
  }
  return kDone;
}

}  // namespace sekisho::cli
