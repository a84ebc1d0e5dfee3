#include "rules/testing/conversation.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "gateway/mail/mime_view.h"
#include "rules/content/reader.h"
#include "rules/facts/session_facts.h"
#include "rules/testing/found_text.h"

namespace sekisho::rules::testing {
namespace {

using engine::End;
using engine::Fact;

Verdict refusal(End end, std::uint16_t code, std::string text, std::string_view by) {
  Verdict verdict;
  verdict.end = end;
  verdict.code = code;
  verdict.text = std::move(text);
  verdict.by = by;
  return verdict;
}
Verdict by_upstream(std::uint16_t code) {
  return refusal(code < 500 ? End::defer : End::reject, code, {}, kUpstream);
}
Verdict bad_sequence(std::string text) { return refusal(End::reject, 503, std::move(text), {}); }

}  // namespace

// The session's facts, but for what is given instead.
class Conversation::GivenFacts : public facts::SessionFacts {
 public:
  GivenFacts(const Conversation& owner, const engine::Facts* message)
      : SessionFacts(owner.values_, message), given_(owner.given_) {}

  void values(const ValueInfo& value, const engine::ItemRef* item,
              std::vector<Fact>& out) const override {
    const auto found = given_.empty() ? given_.end() : given_.find(&value);
    if (found == given_.end()) return SessionFacts::values(value, item, out);
    out.push_back(engine::fact_of(found->second));
  }

 private:
  const std::map<const ValueInfo*, Constant>& given_;
};

Conversation::Conversation(const Ready& ready, content::Matchers& matchers, Counters& counters,
                           bool tracing)
    : ready_(ready),
      matchers_(matchers),
      counters_(counters),
      tracing_(tracing),
      lists_(ready.lists) {}

void Conversation::set_time(WallTime now) {
  // What an open mail has taken does not drain while it is open: a wait makes it count.
  counters_.end_mail(true);
  values_.now = facts::CivilTime::utc(now);
  now_ = as_time_point(now);
}

void Conversation::give(const ValueInfo& value, Constant constant) {
  given_.insert_or_assign(&value, std::move(constant));
}

const engine::Decision& Conversation::run(Stage stage, std::string_view about,
                                          const engine::Facts* message) {
  StageRun one{.stage = stage, .about = std::string(about), .decision = {}, .trace = {}};
  const GivenFacts facts(*this, message);
  one.decision = ready_.program->run(stage, facts, *lists_, counters_.begin(stage, now_), state_,
                                     tracing_ ? &one.trace : nullptr);
  if (stage < Stage::mail) effects_.resize(session_effects_);
  effects_.insert(effects_.end(), one.decision.effects.begin(), one.decision.effects.end());
  if (stage < Stage::mail) session_effects_ = effects_.size();
  runs_.push_back(std::move(one));
  return runs_.back().decision;
}

Verdict Conversation::settle(const engine::Decision& decision, std::uint16_t code) {
  Verdict verdict;
  verdict.end = decision.end;
  verdict.code = decision.code != 0 ? decision.code : code;
  verdict.enhanced = decision.enhanced;
  verdict.text = decision.text;
  if (decision.rule) verdict.by = ready_.set->rules[*decision.rule].name;
  for (const auto& failure : decision.failures) {
    if (decision.by_failure && decision.rule == failure.rule) verdict.failure = failure.why;
  }
  if (decision.end == End::disconnect && !scene_) refused_connection_ = verdict;
  return verdict;
}

void Conversation::client(const IpAddress& address) {
  finish();
  values_.client = address;
  values_.helo.reset();
  values_.user.reset();
  values_.method.reset();
  values_.tls = false;
  state_.begin_session();
  effects_.clear();
  session_effects_ = 0;
  connected_ = greeted_ = false;
  refused_connection_.reset();
  refused_helo_.reset();
}

Verdict Conversation::connect() {
  if (refused_connection_) return *refused_connection_;
  if (connected_) return {};
  connected_ = true;
  auto verdict = settle(run(Stage::connect, {}, nullptr), 220);
  if (ends(verdict)) refused_connection_ = verdict;
  if (!verdict.refuses()) counters_.connected();
  return verdict;
}

Verdict Conversation::helo(std::string_view name) {
  if (auto verdict = connect(); verdict.refuses()) return verdict;
  finish();
  greeted_ = true;
  values_.helo_literal = name.starts_with('[');
  values_.helo.reset();
  if (!values_.helo_literal && !name.empty())
    values_.helo = facts::MailAddress::of("@" + std::string(name)).domain;
  refused_helo_.reset();
  auto verdict = settle(run(Stage::helo, {}, nullptr), 250);
  if (ends(verdict)) refused_helo_ = verdict;
  return verdict;
}

Verdict Conversation::login(std::string_view user) {
  if (!greeted_) (void)helo(kClientName);
  if (refused_connection_) return *refused_connection_;
  if (refused_helo_) return *refused_helo_;
  finish();
  values_.user = user;
  values_.method = "PLAIN";
  auto verdict = settle(run(Stage::auth, user, nullptr), 235);
  if (ends(verdict)) values_.user.reset();
  return verdict;
}

Verdict Conversation::mail(std::string_view sender) {
  if (!greeted_) (void)helo(kClientName);
  if (refused_connection_) return *refused_connection_;
  if (refused_helo_) return *refused_helo_;
  finish();
  state_.begin_transaction();
  effects_.resize(session_effects_);
  values_.sender.reset();
  if (!sender.empty()) values_.sender = facts::MailAddress::of(sender);
  auto verdict = settle(run(Stage::mail, sender, nullptr), 250);
  refused_mail_.reset();
  if (ends(verdict)) {
    refused_mail_ = verdict;
  } else {
    in_transaction_ = true;
  }
  return verdict;
}

Verdict Conversation::rcpt(std::string_view recipient, std::optional<std::uint16_t> upstream) {
  if (refused_connection_) return *refused_connection_;
  if (!in_transaction_) {
    if (refused_mail_) return *refused_mail_;
    return bad_sequence("mail from is missing");
  }
  values_.recipients.push_back(facts::MailAddress::of(recipient));
  const auto refuse = [&](Verdict verdict) {
    values_.recipients.pop_back();
    refused_rcpt_ = verdict;
    return verdict;
  };
  if (own_domains_ && !values_.user &&
      lists_->has(*own_domains_, std::string_view(values_.recipients.back().domain)) !=
          engine::Answer::yes) {
    return refuse(
        refusal(End::reject, 550, "none of our domains, and nobody logged in", kRelayGate));
  }
  auto verdict = settle(run(Stage::rcpt, recipient, nullptr), 250);
  if (verdict.refuses()) counters_.refuse_recipient();
  if (ends(verdict)) return refuse(std::move(verdict));
  const bool refused = upstream && *upstream >= 400;
  if (upstream) upstream_code_ = upstream;
  if (refused) {
    counters_.refuse_recipient();
    if (*upstream >= 500) ++refused_;
    return refuse(by_upstream(*upstream));
  }
  ++taken_;
  state_before_message_ = state_;
  effects_before_message_ = effects_.size();
  return verdict;
}

// As it is live: the upstream's last words count, and who is deferred comes again.
void Conversation::count_answers(std::uint64_t taken) {
  const GivenFacts facts(*this, nullptr);
  (void)counters_.begin(Stage::outcome, now_);
  for (std::size_t i = 0; i < ready_.set->limits.size(); ++i) {
    const auto& limit = ready_.set->limits[i];
    if (!limit.share && limit.unit != Limit::Unit::refusals) continue;
    const auto key = ready_.program->limit_key(i, Stage::outcome, facts, *lists_, state_);
    if (key) counters_.answered(i, *key, taken, values_.refused);
  }
}

Verdict Conversation::message(std::string_view bytes, std::optional<std::uint16_t> upstream) {
  if (refused_connection_) return *refused_connection_;
  if (!in_transaction_ && refused_mail_) return *refused_mail_;
  if (values_.recipients.empty()) {
    if (refused_rcpt_) return *refused_rcpt_;
    return bad_sequence("there is no recipient");
  }
  state_ = state_before_message_;
  effects_.resize(effects_before_message_);
  outcome_asked_ = false;
  const auto findings = content::read(bytes, *ready_.plan, matchers_, mail::MimeLimits{});
  if (!findings) {
    return refusal(End::defer, 451, "the message cannot be looked into: " + findings.error().text,
                   {});
  }
  const FoundText facts(*ready_.set, *ready_.plan, *findings, lists_.get(), bytes);
  auto verdict = settle(run(Stage::message, {}, &facts), 250);
  for (auto& rule : runs_.back().trace.rules) {
    for (auto& clause : rule.clauses) {
      if (clause.condition->kind != Condition::Kind::patterns) continue;
      if (clause.truth == engine::Answer::yes)
        clause.matched = facts.matched_patterns(clause.condition->patterns);
    }
  }
  if (verdict.accepts() && upstream && *upstream >= 400) verdict = by_upstream(*upstream);
  counters_.end_mail(!verdict.refuses());
  if (verdict.refuses() && verdict.by != kUpstream) return verdict;
  outcome(upstream.value_or(250), &facts);
  return verdict;
}

void Conversation::outcome(std::optional<std::uint16_t> code, const engine::Facts* message) {
  const bool refused = message != nullptr && code && *code >= 400;
  const bool for_good = refused && *code >= 500;
  const std::uint64_t taken = refused ? 0 : taken_;
  values_.upstream_code = code;
  values_.refused = refused_ + (for_good ? taken_ : 0);
  values_.accepted = message != nullptr ? taken : 0;
  outcome_asked_ = true;
  if (taken + values_.refused > 0) count_answers(taken);
  (void)run(Stage::outcome, {}, message);
}

void Conversation::finish() {
  if (in_transaction_ && !outcome_asked_) outcome(upstream_code_, nullptr);
  if (in_transaction_) counters_.end_mail(false);  // what no message ended was cut off
  in_transaction_ = false;
  outcome_asked_ = false;
  upstream_code_.reset();
  values_.upstream_code.reset();
  values_.recipients.clear();
  values_.accepted = values_.refused = 0;
  taken_ = refused_ = 0;
  refused_rcpt_.reset();
}

}  // namespace sekisho::rules::testing
