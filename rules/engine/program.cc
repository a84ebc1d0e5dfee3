#include "rules/engine/program.h"

#include <algorithm>

#include <fmt/format.h>

#include "gateway/base/text.h"
#include "rules/engine/act.h"
#include "rules/engine/compare.h"
#include "rules/engine/compile.h"
#include "rules/engine/evaluate.h"

namespace sekisho::rules::engine {
namespace {

// Today, as the rules of the session see it; none: nobody knows, and trials go on.
std::optional<std::chrono::sys_days> today_of(const Facts& facts) {
  static const ValueInfo& date = *find_value("time.date");
  std::vector<Fact> values;
  facts.values(date, nullptr, values);
  const auto* days = values.empty() ? nullptr : std::get_if<std::uint64_t>(&values[0]);
  if (days == nullptr) return std::nullopt;
  return std::chrono::sys_days(std::chrono::days(static_cast<int>(*days)));
}

class Run {
 public:
  Run(const Code& code, const Asked& asked, State& state, Trace* trace)
      : code_(code),
        stage_(code.stages[static_cast<std::size_t>(asked.stage)]),
        asked_(asked),
        state_(state),
        trace_(trace),
        evaluation_(code, asked) {}

  Decision run() {
    if (trace_ == nullptr) {
      for (const auto position : asked_rules()) {
        if (!ask(stage_.rules[position])) break;
      }
    } else {
      // All of them, since a trace tells why those of another listener are not true.
      for (const auto& rule : stage_.rules) {
        if (!traced(rule)) break;
      }
    }
    if (!decision_.refuses()) {
      for (const auto limit : stage_.counts) evaluation_.charge(limit);
    }
    decision_.steps = evaluation_.steps();
    return std::move(decision_);
  }

 private:
  const std::vector<std::uint32_t>& asked_rules() const {
    if (stage_.by_listener.empty()) return stage_.elsewhere;
    static const ValueInfo& listener = *find_value("listener");
    std::vector<Fact> values;
    asked_.facts.values(listener, nullptr, values);
    if (values.empty()) return stage_.elsewhere;
    const auto found = stage_.by_listener.find(to_lower(text_of(values[0])));
    return found == stage_.by_listener.end() ? stage_.elsewhere : found->second;
  }

  bool traced(const RuleCode& code) {
    auto& entry = trace_->rules.emplace_back();
    entry.rule = code.rule;
    if (code_.set->rules[code.rule].off) {
      entry.outcome = RuleTrace::Outcome::off;
      return true;
    }
    evaluation_.trace_into(&entry.clauses);
    const bool goes_on = ask(code);
    evaluation_.trace_into(nullptr);
    return goes_on;
  }

  void note(RuleTrace::Outcome outcome, std::string_view why = {}) {
    if (trace_ == nullptr) return;
    trace_->rules.back().outcome = outcome;
    trace_->rules.back().why = why;
  }

  bool on_trial(const Rule& rule) {
    if (!rule.shadow_until) return false;
    if (!rule.then_enforce) return true;
    if (!day_known_) {
      today_ = today_of(asked_.facts);
      day_known_ = true;
    }
    return !today_ || *today_ < *rule.shadow_until;
  }

  // False: the stage has ended.
  bool ask(const RuleCode& code) {
    if (!left_.empty() && code.group == left_) {
      note(RuleTrace::Outcome::skipped);
      return true;
    }
    const auto truth = evaluation_.run(code.entry);
    if (truth == Answer::no) return true;
    const Rule& rule = code_.set->rules[code.rule];
    const bool trial = on_trial(rule);
    if (truth == Answer::failed) return fails(code, rule, trial, evaluation_.why());
    if (trial) {
      note(RuleTrace::Outcome::shadow);
      decision_.shadow.push_back({code.rule, would_of(rule)});
      return true;
    }
    auto acts = acts_of(rule, code, evaluation_);
    if (!acts) return fails(code, rule, false, acts.error());
    note(RuleTrace::Outcome::acted);
    return carry_out(code, rule, *acts);
  }

  bool fails(const RuleCode& code, const Rule& rule, bool trial, std::string why) {
    note(RuleTrace::Outcome::failed, why);
    decision_.failures.push_back({code.rule, std::move(why), trial});
    if (trial || rule.on_error == OnError::proceed) return true;
    const bool reject = rule.on_error == OnError::reject;
    decision_.end = reject ? End::reject : End::defer;
    decision_.code = reject ? 554 : 451;
    decision_.enhanced = reject ? "5.3.0" : "4.3.0";
    decision_.text = reject ? "The rules of this server cannot judge this"
                            : "The rules of this server cannot judge this now; try again later";
    decision_.rule = code.rule;
    decision_.by_failure = true;
    return false;
  }

  bool carry_out(const RuleCode& code, const Rule& rule, Acts& acts) {
    decision_.hits.push_back(code.rule);
    bool changed = false;
    for (auto& effect : acts.effects) {
      using Kind = ast::Action::Kind;
      if (effect.action->kind == Kind::tag) {
        state_.tag(rule.stage, effect.text);
        changed = true;
      } else if (effect.action->kind == Kind::add_score) {
        state_.add(rule.stage, effect.action->score, acts.points[effect.action]);
        changed = true;
      }
      decision_.effects.push_back(std::move(effect));
    }
    if (changed) evaluation_.state_changed();
    if (acts.skip) left_ = code.group;
    if (acts.end == End::none) return true;
    decision_.end = acts.end;
    decision_.code = acts.code;
    decision_.enhanced = std::move(acts.enhanced);
    decision_.text = std::move(acts.text);
    decision_.rule = code.rule;
    return false;
  }

  const Code& code_;
  const StageCode& stage_;
  const Asked& asked_;
  State& state_;
  Trace* trace_;
  Evaluation evaluation_;
  Decision decision_;
  std::string left_;  // the group
  bool day_known_ = false;
  std::optional<std::chrono::sys_days> today_;
};

}  // namespace

Program::Program(std::unique_ptr<const Code> code) : code_(std::move(code)) {}
Program::~Program() = default;

std::shared_ptr<const Program> Program::compile(std::shared_ptr<const RuleSet> set) {
  return std::shared_ptr<const Program>(new Program(engine::compile(std::move(set))));
}

Decision Program::run(Stage stage, const Facts& facts, const Lists& lists, Limits& limits,
                      State& state, Trace* trace) const {
  if (!has_work_at(stage)) return {};
  const Asked asked{stage, facts, lists, &limits, state};
  return Run(*code_, asked, state, trace).run();
}

std::optional<std::string> Program::limit_key(std::size_t limit, Stage stage, const Facts& facts,
                                              const Lists& lists, const State& state) const {
  Evaluation evaluation(*code_, {stage, facts, lists, nullptr, state});
  bool failed = false;
  return evaluation.limit_key(limit, failed);
}

bool Program::has_work_at(Stage stage) const {
  const auto& code = code_->stages[static_cast<std::size_t>(stage)];
  return !code.rules.empty() || !code.counts.empty();
}

const RuleSet& Program::rules() const { return *code_->set; }

std::string_view to_string(End end) {
  switch (end) {
    case End::none:
      return "none";
    case End::accept:
      return "accept";
    case End::reject:
      return "reject";
    case End::defer:
      return "defer";
    case End::quarantine:
      return "quarantine";
    case End::discard:
      return "discard";
    case End::disconnect:
      return "disconnect";
  }
  return "none";
}

}  // namespace sekisho::rules::engine
