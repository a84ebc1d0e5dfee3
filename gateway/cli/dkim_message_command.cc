// `sekisho dkim verify FILE`: what the signatures of a message are worth, by the code and in the
// sandboxed process that judge mail on its way.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "filters/dkim/key_fetch.h"
#include "filters/dkim/verify_job.h"
#include "gateway/async/offload.h"
#include "gateway/base/encode.h"
#include "gateway/base/log.h"
#include "gateway/cli/command_resolver.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/exit_code.h"
#include "gateway/cli/message_file.h"
#include "gateway/worker/worker_pools.h"

namespace sekisho::cli {
namespace {

constexpr Duration kPatience = std::chrono::seconds(20);

using Candidates = std::vector<dkim::Candidate>;

int complain(std::string_view what) {
  fmt::print(stderr, "sekisho dkim: {}\n", what);
  return kErrors;
}

Result<std::string> judged(CommandResolver& own, const std::string& message, std::string input) {
  auto copy = mail::SealedCopy::of(message);
  if (!copy) return std::unexpected(std::move(copy.error()));
  Offload offload(1, 4);
  Metrics metrics;
  const auto log = Log::in_memory();
  worker::WorkerSettings settings;
  settings.inspect.processes = 1;
  const auto pools =
      worker::WorkerPools::create(settings, {offload, *log, metrics}, worker::kWorkerCommand);
  if (!pools) return std::unexpected(pools.error());
  return own.loop().run_until_done((*pools)->run(own.loop(),
                                                 {.kind = dkim::kVerifyJob,
                                                  .input = std::move(input),
                                                  .message = std::move(*copy),
                                                  .log_id = "dkim verify"},
                                                 own.cancel()));
}

Result<Candidates> verify(const std::string& message, CommandResolver& own) {
  const WallTime now = std::chrono::system_clock::now();
  auto found = dkim::find_signatures(mail::Headers::parse(message), now);
  if (std::ranges::none_of(found, &dkim::Candidate::open)) return found;
  const auto keys = own.loop().run_until_done(
      dkim::fetch_keys(own.loop(), own.resolver(), found, Deadline::in(kPatience), own.cancel()));
  if (!keys) return std::unexpected(keys.error());
  const auto results = judged(own, message, dkim::encode_keys(now, *keys));
  if (!results) return std::unexpected(results.error());
  if (auto taken = dkim::take_results(*results, found); !taken)
    return std::unexpected(std::move(taken.error()));
  return found;
}

void print_text(const Candidates& found) {
  if (found.empty()) fmt::print("none: the message has no DKIM signature\n");
  for (const dkim::Candidate& one : found) {
    const mail::DkimFact& fact = one.fact;
    fmt::print("{}: d={} s={} a={}{}{}\n", to_string(fact.result), encode_for_log(fact.domain),
               encode_for_log(fact.selector), encode_for_log(fact.algorithm),
               fact.reason.empty() ? "" : ", ", encode_for_log(fact.reason));
  }
}

void print_json(const Candidates& found) {
  auto all = nlohmann::json::array();
  for (const dkim::Candidate& one : found) {
    const mail::DkimFact& fact = one.fact;
    all.push_back({{"result", to_string(fact.result)},
                   {"reason", encode_for_log(fact.reason)},
                   {"domain", encode_for_log(fact.domain)},
                   {"selector", encode_for_log(fact.selector)},
                   {"identity", encode_for_log(fact.identity)},
                   {"algorithm", encode_for_log(fact.algorithm)},
                   {"signature", encode_for_log(fact.signature)},
                   {"record_name", encode_for_log(one.key_name)}});
  }
  fmt::print("{}\n", all.dump(2));
}

}  // namespace

bool names_message(const std::string& argument) {
  return argument.find_first_of("./") != std::string::npos;
}

int verify_message(const DkimWish& wish, const std::filesystem::path& config_file) {
  const auto message = read_message(wish.name);
  if (!message) return complain(message.error().text);
  const auto own = CommandResolver::open(wish.dns, config_file);
  if (!own) return complain(own.error().text);
  const auto found = verify(*message, **own);
  if (!found) return complain(found.error().text);
  wish.json ? print_json(*found) : print_text(*found);
  const bool good = std::ranges::any_of(
      *found, [](const auto& one) { return one.fact.result == mail::AuthResult::pass; });
  return good ? kDone : kErrors;
}

}  // namespace sekisho::cli
