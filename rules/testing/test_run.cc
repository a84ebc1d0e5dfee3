#include "rules/testing/test_run.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "rules/testing/counters.h"
#include "rules/testing/test_player.h"

namespace sekisho::rules::testing {

std::size_t TestRun::failed() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      results, [](const TestResult& result) { return result.failure.has_value(); }));
}

TestRun run_tests(const RuleSet& set, std::shared_ptr<const lists::Lists> lists,
                  const Sources& sources, Files& files, Coverage* coverage) {
  TestRun out;
  if (set.tests.empty()) return out;
  const auto ready =
      Ready::make(std::make_shared<const RuleSet>(with_trials_over(set)), std::move(lists));
  auto matchers = ready.matchers();
  for (const auto& test : set.tests) {
    TestResult result{.name = test.name.text, .span = test.name.span, .failure = {}};
    if (matchers) {
      const auto counters = make_counters(*ready.set, as_time_point(kTestStart));
      result.failure = TestPlayer(ready, *matchers, *counters, sources, files, coverage).play(test);
    } else {
      result.failure = StepFailure{.span = test.name.span,
                                   .step = "the patterns",
                                   .expected = "to be compiled",
                                   .came = matchers.error().text,
                                   .why = {}};
    }
    out.results.push_back(std::move(result));
  }
  return out;
}

std::string render(const TestResult& result, const Sources& sources) {
  if (!result.failure) return {};
  const auto& failure = *result.failure;
  std::string out = fmt::format("{}:{}: test \"{}\" fails\n", sources[failure.span.source].path(),
                                sources.position(failure.span).line, result.name);
  out += fmt::format("  at:       {}\n", failure.step);
  out += fmt::format("  expected: {}\n", failure.expected);
  out += fmt::format("  came:     {}\n", failure.came);
  for (const auto& why : failure.why) out += fmt::format("  {}\n", why);
  return out;
}

}  // namespace sekisho::rules::testing
