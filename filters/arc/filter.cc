#include "filters/arc/filter.h"

#include <algorithm>
#include <set>
#include <utility>

#include "filters/arc/verification.h"
#include "filters/dkim/body_digest.h"
#include "filters/reach.h"
#include "gateway/dns/ask_all.h"

namespace sekisho::arc {
namespace {

using filters::Stage;
using filters::View;
using mail::AuthResult;

constexpr Duration kMaxTime = 15s;
constexpr Duration kReserve = 1s;  // to say temperror before the check is cut
// More than any chain on its way has; a sender may make one of fifty names that never answer.
constexpr std::size_t kMaxKeys = 12;

AuthResult auth_result(Outcome outcome) {
  switch (outcome) {
    case Outcome::pass:
      return AuthResult::pass;
    case Outcome::fail:
      return AuthResult::fail;
    case Outcome::temperror:
      break;
  }
  return AuthResult::temperror;
}

struct Settings {
  bool check_authenticated = false;
};

class Session final : public filters::FilterSession {
 public:
  Session(const Settings& settings, const filters::SessionContext& context)
      : settings_(settings), context_(context) {}

  Task<filters::Verdict> check(Stage, View& view) override {
    if (view.peer.authenticated() && !settings_.check_authenticated) {
      co_return filters::Verdict::pass();
    }
    if (view.message == nullptr) {
      throw filters::CheckFailed({ErrorKind::invalid, "no message to look at"});
    }
    const mail::Headers headers = view.message->headers();
    const Chain chain = read_chain(headers);
    mail::ArcFact fact;
    if (!chain.empty()) {
      const Plan plan = plan_verification(headers, chain, view.now);
      const Finding result = co_await verified(view, plan);
      fact.result = auth_result(result.outcome);
      fact.instances = chain.newest;
      fact.domain = plan.domain;
      fact.reason = result.reason;
    }
    report(view, fact);
    view.authentication.arc = std::move(fact);
    co_return filters::Verdict::pass();
  }

 private:
  Task<Finding> verified(const View& view, const Plan& plan) {
    if (!plan.flaw.empty()) co_return Finding{Outcome::fail, plan.flaw};
    const auto body_hash = co_await dkim::body_digest(context_, *view.message, plan.body_form);
    if (!body_hash) throw filters::CheckFailed(body_hash.error());
    // Of a body that was changed nobody needs to ask for keys.
    if (*body_hash != plan.body_hash) co_return verify(plan, *body_hash, {});
    std::set<std::string> names;
    for (const Check& check : plan.checks) names.insert(check.key_name);
    if (names.size() > kMaxKeys) co_return Finding{Outcome::fail, "the chain has too many keys"};
    const Keys keys = co_await look_up(names, view.deadline);
    auto result = co_await context_.offload.run(context_.loop,
                                                [&] { return verify(plan, *body_hash, keys); });
    if (!result) throw filters::CheckFailed(result.error());
    co_return std::move(*result);
  }

  Task<Keys> look_up(const std::set<std::string>& names, Deadline cut) {
    const auto now = Clock::now();
    const Duration left = cut.remaining(now);
    const auto deadline =
        Deadline::at(now + std::min(kMaxTime, left - std::min(left / 4, kReserve)));
    const std::vector<std::string> asked(names.begin(), names.end());
    const auto answers = co_await dns::ask_all(context_.loop, context_.resolver, dns::Type::txt,
                                               asked, deadline, context_.cancel);
    Keys keys;
    for (std::size_t i = 0; i < asked.size(); ++i) {
      const Result<dns::Answer>& answer = answers[i];
      if (!answer && answer.error().kind == ErrorKind::cancelled) {
        throw filters::CheckFailed(answer.error());
      }
      auto& key = keys[asked[i]];
      if (!answer && answer.error().kind != ErrorKind::invalid) continue;
      key.emplace();
      // RFC 6376 section 3.6.2.2: of several records any may be taken.
      for (const dns::Record& record : answer ? answer->records : std::vector<dns::Record>{}) {
        if (auto parsed = dkim::KeyRecord::parse(record.text)) {
          key = std::move(*parsed);
          break;
        }
      }
    }
    co_return keys;
  }

  void report(const View& view, const mail::ArcFact& fact) {
    const std::string result(mail::to_string(fact.result));
    context_.metrics.counter("arc_results_total", "Results of ARC chains.", {{"result", result}})
        .add();
    const bool quiet = fact.result == AuthResult::none || fact.result == AuthResult::pass;
    const LogLevel level = quiet ? LogLevel::debug : LogLevel::info;
    if (!context_.log.enabled(level)) return;
    LogLine line("arc", level);
    line.src(view.peer.remote).add("id", view.envelope.id).add("result", result);
    if (fact.instances > 0) line.add("instances", fact.instances).add("domain", fact.domain);
    if (!fact.reason.empty()) line.add("reason", fact.reason);
    context_.log.write(line);
  }

  const Settings& settings_;
  const filters::SessionContext& context_;
};

class Arc final : public filters::Filter {
 public:
  explicit Arc(const Settings& settings) : settings_(settings) {}
  [[nodiscard]] filters::StageSet stages() const override { return {Stage::end}; }
  [[nodiscard]] bool authenticates() const override { return true; }
  [[nodiscard]] std::unique_ptr<filters::FilterSession> open(
      const filters::SessionContext& context) const override {
    return std::make_unique<Session>(settings_, context);
  }

 private:
  Settings settings_;
};

class ArcBlueprint final : public filters::Blueprint, public filters::LimitedReach {
 public:
  void visit(SettingsVisitor& v) override {
    v.field("check_authenticated", settings_.check_authenticated,
            "Whether chains of users who logged in are verified, too.");
  }
  [[nodiscard]] Result<std::shared_ptr<const filters::Filter>> build(
      const filters::Filter*) const override {
    return std::make_shared<const Arc>(settings_);
  }
  [[nodiscard]] filters::Reach reach() const override {
    return {.authenticated = settings_.check_authenticated};
  }
  [[nodiscard]] std::optional<std::chrono::milliseconds> default_timeout() const override {
    return std::chrono::duration_cast<std::chrono::milliseconds>(kMaxTime + kReserve);
  }

 private:
  Settings settings_;
};

}  // namespace

std::unique_ptr<filters::Blueprint> make_arc() { return std::make_unique<ArcBlueprint>(); }

}  // namespace sekisho::arc
