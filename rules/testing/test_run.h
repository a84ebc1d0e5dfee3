// Runs the tests that stand beside rules, by the engine that runs them live: for `sekisho rules
// test`, and at each reload, which a failing test refuses. Each test has a clock, limits and lists
// of its own, so their order does not matter. Rules on trial act in tests, so that no test changes
// its mind on the day when a trial ends. A test's relay gate takes all from who logged in, else
// only recipients in the list of domains named our_domains; without such a list it takes all.
// A step that expects nothing sets the scene: no rule refuses it.
// Reads the files that steps name through Files, so it blocks: not on a loop.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rules/check/rule_set.h"
#include "rules/lists/lists.h"
#include "rules/syntax/load.h"
#include "rules/testing/coverage.h"

namespace sekisho::rules::testing {

inline constexpr std::string_view kOwnDomains = "our_domains";

struct StepFailure {
  Span span;             // of the step
  std::string step;      // "rcpt to <x@elsewhere.example>, the 51st of 60"
  std::string expected;  // "accept"
  std::string came;      // "defer 450 by user-rate: Sending limit reached …"
  std::vector<std::string> why;
};

struct TestResult {
  std::string name;
  Span span;
  std::optional<StepFailure> failure;  // the first; the steps behind it were not made
};

struct TestRun {
  std::vector<TestResult> results;
  [[nodiscard]] std::size_t failed() const;
};

// `set` is one that check() found no errors in, `lists` are its lists. `coverage`: what the tests
// reached is added to it; may be null.
[[nodiscard]] TestRun run_tests(const RuleSet& set, std::shared_ptr<const lists::Lists> lists,
                                const Sources& sources, Files& files, Coverage* coverage = nullptr);

// "office.rules:12: test \"…\" fails" and what was expected, what came and why, a line each.
[[nodiscard]] std::string render(const TestResult& result, const Sources& sources);

}  // namespace sekisho::rules::testing
