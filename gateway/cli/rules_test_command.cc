// `sekisho rules test` and `coverage`: the tests beside rules, and what they leave out.
#include <cstdio>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "gateway/cli/commands.h"
#include "gateway/cli/exit_code.h"
#include "gateway/cli/loading.h"
#include "gateway/cli/print_json.h"
#include "gateway/cli/rule_files.h"
#include "rules/testing/test_run.h"

namespace sekisho::cli {
namespace {

using rules::testing::Coverage;
using rules::testing::TestResult;
using rules::testing::TestRun;

nlohmann::json place(const rules::Sources& sources, rules::Span span) {
  return {{"file", sources[span.source].path()}, {"line", sources.position(span).line}};
}

nlohmann::json as_json(const TestResult& result, const rules::Sources& sources) {
  auto out = place(sources, result.span);
  out["name"] = result.name;
  out["passed"] = !result.failure.has_value();
  if (!result.failure) return out;
  out["failure"] = place(sources, result.failure->span);
  out["failure"].update({{"at", result.failure->step},
                         {"expected", result.failure->expected},
                         {"came", result.failure->came},
                         {"why", result.failure->why}});
  return out;
}

nlohmann::json as_json(const TestRun& run, const rules::Sources& sources) {
  auto tests = nlohmann::json::array();
  for (const auto& result : run.results) tests.push_back(as_json(result, sources));
  return {{"passed", run.results.size() - run.failed()},
          {"failed", run.failed()},
          {"tests", std::move(tests)}};
}

void print_failures(const TestRun& run, const rules::Sources& sources, std::FILE* to) {
  for (const auto& result : run.results) fmt::print(to, "{}", render(result, sources));
}

}  // namespace

int test_rules(const RulesWish& wish) {
  const auto files = load_rule_files(wish.files);
  if (!files) return kErrors;
  rules::DiskFiles disk;
  const auto& checked = files->checked;
  const auto run = rules::testing::run_tests(checked.set, files->lists, checked.sources, disk);
  if (wish.json) {
    print_json(as_json(run, checked.sources));
  } else {
    print_failures(run, checked.sources, stdout);
    fmt::print("{}: {} passed, {} failed\n", counted(run.results.size(), "test"),
               run.results.size() - run.failed(), run.failed());
  }
  return run.failed() == 0 ? kDone : kErrors;
}

int show_coverage(const RulesWish& wish) {
  const auto files = load_rule_files(wish.files);
  if (!files) return kErrors;
  rules::DiskFiles disk;
  const auto& [sources, diagnostics, set] = files->checked;
  Coverage coverage(set);
  const auto run = rules::testing::run_tests(set, files->lists, sources, disk, &coverage);
  const auto gaps = coverage.gaps();
  const bool good = run.failed() == 0 && coverage.covered() == coverage.rules();
  if (wish.json) {
    auto json = as_json(run, sources);
    json["rules"] = coverage.rules();
    json["covered"] = coverage.covered();
    json["gaps"] = nlohmann::json::array();
    for (const auto& gap : gaps) {
      auto one = place(sources, gap.span);
      one.update({{"kind", word_for(gap.kind)},
                  {"rule", set.rules[gap.rule].name},
                  {"text", sources.text(gap.span)}});
      json["gaps"].push_back(std::move(one));
    }
    print_json(json);
    return good ? kDone : kErrors;
  }
  print_failures(run, sources, stdout);
  for (const auto& gap : gaps) fmt::print("{}\n", render(gap, set, sources));
  fmt::print("{} of {} acted in a test; {}, {} failed\n", coverage.covered(),
             counted(coverage.rules(), "rule"), counted(run.results.size(), "test"), run.failed());
  return good ? kDone : kErrors;
}

}  // namespace sekisho::cli
