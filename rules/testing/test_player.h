// One test of a rule file, played: its steps made in a Conversation, what came compared with what
// was expected. Inside of run_tests(). One thread.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "rules/testing/conversation.h"
#include "rules/testing/test_run.h"

namespace sekisho::rules::testing {

// When tests begin: a Wednesday at noon, on every machine.
inline constexpr std::chrono::sys_seconds kTestStart =
    std::chrono::sys_days{std::chrono::year(2025) / 1 / 1} + std::chrono::hours(12);

class TestPlayer {
 public:
  TestPlayer(const Ready& ready, content::Matchers& matchers, Counters& counters,
             const Sources& sources, Files& files, Coverage* coverage);
  std::optional<StepFailure> play(const ast::Test& test);

 private:
  using Step = ast::Step;
  Verdict make(const Step& step);
  Verdict message(const Step& step);
  void given(const Step& step);
  void note_coverage();
  void note_scene(const Step& step, const Verdict& verdict);
  // Null: as expected.
  std::optional<StepFailure> compare(const Step& step, const Verdict& verdict,
                                     const std::string& about);
  std::optional<StepFailure> compare_effect(const Step& step);
  [[nodiscard]] bool as_expected(const Step& step, const Verdict& verdict) const;
  [[nodiscard]] StepFailure failure(const Step& step, const std::string& about,
                                    std::string came) const;
  void explain(const Step& step, const Verdict* verdict, std::vector<std::string>& out) const;
  void explain_rule(std::string_view name, std::vector<std::string>& out) const;
  [[nodiscard]] const Rule* rule_named(std::string_view name) const;

  const Ready& ready_;
  const Sources& sources_;
  Files& files_;
  Coverage* coverage_;
  Conversation talk_;
  std::shared_ptr<const lists::Lists> lists_;
  WallTime now_;
  Verdict last_;
  std::vector<std::string> scene_;  // what steps that expect nothing came to, where rules refused
};

}  // namespace sekisho::rules::testing
