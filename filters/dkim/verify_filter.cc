#include "filters/dkim/verify_filter.h"

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

#include "filters/dkim/key_fetch.h"
#include "filters/dkim/verify_job.h"
#include "filters/reach.h"

namespace sekisho::filters {
namespace {

using mail::AuthResult;

constexpr const char* kTagField = "X-Sekisho-DKIM";
// Kept back from the filter's time for the verification itself.
constexpr Duration kForVerification = std::chrono::seconds(5);

enum class Action : std::uint8_t { pass, tag, defer, reject };

// What the whole message comes to: its best signature.
enum class Outcome : std::uint8_t { none, fail, policy, temperror, permerror };
struct OutcomeWords {
  std::string_view key;
  std::string_view doc;
};
constexpr std::array<OutcomeWords, 5> kOutcomes{{
    {"none",
     "What is done with mail that has no signature, or none but of domains that test (t=y)."},
    {"fail", "What is done when no signature is good and one doesn't match the message."},
    {"policy", "What is done when the best signature covers only the start of the body (l=)."},
    {"temperror", "What is done when no signature is good and a key can't be had now."},
    {"permerror", "What is done when no signature is good, and all are broken or without a key."},
}};

struct VerifyRules {
  std::array<Action, kOutcomes.size()> actions{};  // by Outcome
  bool check_submitted = false;

  [[nodiscard]] Action action_for(Outcome outcome) const {
    return actions.at(static_cast<std::size_t>(outcome));
  }
};

// Nothing: one is good.
std::optional<Outcome> outcome_of(const std::vector<dkim::Candidate>& found) {
  const auto has = [&](AuthResult result) {
    return std::ranges::any_of(
        found, [result](const dkim::Candidate& one) { return one.fact.result == result; });
  };
  // The signature of a domain that only tests is as good as none.
  if (std::ranges::all_of(found,
                          [](const auto& one) { return one.fact.result == AuthResult::neutral; }))
    return Outcome::none;
  if (has(AuthResult::pass)) return std::nullopt;
  // One that can't be judged now may be the good one.
  if (has(AuthResult::temperror)) return Outcome::temperror;
  if (has(AuthResult::policy)) return Outcome::policy;
  return has(AuthResult::fail) ? Outcome::fail : Outcome::permerror;
}

class VerifySession final : public FilterSession {
 public:
  VerifySession(const VerifyRules& rules, const SessionContext& context)
      : rules_(rules), context_(context) {}

  Task<Verdict> check(Stage, View& view) override {
    if (view.message == nullptr) throw CheckFailed({ErrorKind::invalid, "no message to look at"});
    view.edits.remove(kTagField);  // only we mark
    if (view.envelope.submitted && !rules_.check_submitted) co_return Verdict::pass();
    auto found = dkim::find_signatures(view.message->headers(), view.now);
    std::exception_ptr failure;
    if (std::ranges::any_of(found, &dkim::Candidate::open)) {
      try {
        co_await verify(view, found);
      } catch (const CheckFailed&) {
        failure = std::current_exception();
      }
    }
    // Where on_error lets it pass, those who judge by it must not take a failure of ours for none.
    for (dkim::Candidate& one : found)
      if (one.open()) one.fact.result = AuthResult::temperror;
    report(view, found);
    if (failure) std::rethrow_exception(failure);
    const auto outcome = outcome_of(found);
    co_return outcome ? verdict_on(view, *outcome) : Verdict::pass();
  }

 private:
  Task<void> verify(const View& view, std::vector<dkim::Candidate>& found) {
    // All of them, before the library begins: what it can't find then it calls a bad signature.
    const Duration left = view.deadline.remaining(Clock::now());
    const auto keys = co_await dkim::fetch_keys(
        context_.loop, context_.resolver, found,
        Deadline::in(left - std::min(left / 2, kForVerification)), context_.cancel);
    if (!keys) throw CheckFailed(keys.error());
    auto message = co_await view.message->sealed();
    if (!message) throw CheckFailed(message.error());
    const auto result = co_await context_.workers.run(context_.loop,
                                                      {.kind = dkim::kVerifyJob,
                                                       .input = dkim::encode_keys(view.now, *keys),
                                                       .message = std::move(*message),
                                                       .log_id = view.envelope.id},
                                                      context_.cancel, view.deadline);
    if (!result) throw CheckFailed(result.error());
    if (auto taken = dkim::take_results(*result, found); !taken) throw CheckFailed(taken.error());
  }

  void report(View& view, const std::vector<dkim::Candidate>& found) {
    std::vector<mail::DkimFact> facts;
    for (const dkim::Candidate& one : found) facts.push_back(one.fact);
    if (facts.empty()) facts.emplace_back();  // that there is none is a result, too
    for (const mail::DkimFact& fact : facts) {
      view.authentication.dkim.push_back(fact);
      context_.metrics
          .counter("dkim_results_total", "Results of DKIM by signature.",
                   {{"result", std::string(mail::to_string(fact.result))}})
          .add();
      const bool quiet = fact.result == AuthResult::pass || fact.result == AuthResult::none;
      const LogLevel level = quiet ? LogLevel::debug : LogLevel::info;
      if (!context_.log.enabled(level)) continue;
      LogLine line("dkim", level);
      line.src(view.peer.remote).add("id", view.envelope.id);
      line.add("result", mail::to_string(fact.result)).add("domain", fact.domain);
      line.add("selector", fact.selector);
      if (!fact.reason.empty()) line.add("why", fact.reason);
      context_.log.write(line);
    }
  }

  Verdict verdict_on(View& view, Outcome outcome) const {
    const std::string word(kOutcomes.at(static_cast<std::size_t>(outcome)).key);
    const std::string why = "dkim " + word;
    // RFC 7372 section 3.1: no passing signature.
    const std::string text = "no good DKIM signature (" + word + ")";
    switch (rules_.action_for(outcome)) {
      case Action::pass:
        break;
      case Action::tag:
        view.edits.add(kTagField, word);
        break;
      case Action::defer:
        return Verdict::defer(smtp::Reply::of(451, "4.7.20", text + ", try again"), why);
      case Action::reject:
        return Verdict::reject(smtp::Reply::of(550, "5.7.20", text), why);
    }
    return Verdict::pass();
  }

  const VerifyRules& rules_;
  SessionContext context_;
};

class VerifyFilter final : public Filter {
 public:
  explicit VerifyFilter(const VerifyRules& rules) : rules_(rules) {}
  [[nodiscard]] StageSet stages() const override { return {Stage::end}; }
  [[nodiscard]] bool authenticates() const override { return true; }
  [[nodiscard]] std::unique_ptr<FilterSession> open(const SessionContext& context) const override {
    return std::make_unique<VerifySession>(rules_, context);
  }

 private:
  VerifyRules rules_;
};

class VerifyBlueprint final : public Blueprint, public LimitedReach {
 public:
  void visit(SettingsVisitor& v) override {
    for (std::size_t i = 0; i < kOutcomes.size(); ++i)
      v.choice<Action>(kOutcomes[i].key, rules_.actions[i],
                       {{"pass", Action::pass},
                        {"tag", Action::tag},
                        {"defer", Action::defer},
                        {"reject", Action::reject}},
                       kOutcomes[i].doc);
    v.field("check_submitted", rules_.check_submitted,
            "Whether mail of our own users and networks is verified, too.");
  }
  [[nodiscard]] Result<std::shared_ptr<const Filter>> build(const Filter*) const override {
    return std::make_shared<const VerifyFilter>(rules_);
  }
  [[nodiscard]] Reach reach() const override {
    return {rules_.check_submitted, rules_.check_submitted};
  }
  // Keys, which take their time, and the verification of a large message.
  [[nodiscard]] std::optional<std::chrono::milliseconds> default_timeout() const override {
    return 15s;
  }

 private:
  VerifyRules rules_;
};

}  // namespace

std::unique_ptr<Blueprint> make_dkim() { return std::make_unique<VerifyBlueprint>(); }

}  // namespace sekisho::filters
