// `sekisho rules explain`: one rule in words.
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "gateway/cli/commands.h"
#include "gateway/cli/exit_code.h"
#include "gateway/cli/print_json.h"
#include "gateway/cli/rule_files.h"
#include "rules/testing/describe.h"

namespace sekisho::cli {

int explain_rule(const RulesWish& wish) {
  const auto files = load_rule_files(wish.files);
  if (!files) return kErrors;
  const auto& set = files->checked.set;
  const auto rule = rules::testing::find_rule(set, wish.rule);
  if (!rule) {
    std::vector<std::string_view> names;
    for (const auto& one : set.rules) names.push_back(one.name);
    const auto hint = rules::did_you_mean(wish.rule, names);
    fmt::print(stderr, "sekisho rules explain: there is no rule \"{}\"{}{}\n", wish.rule,
               hint.empty() ? "" : "; ", hint);
    return kErrors;
  }
  const auto d = rules::testing::describe(set, *rule, files->checked.sources, today());
  if (!wish.json) {
    fmt::print("{}", render(d));
    return kDone;
  }
  print_json({{"name", d.name},
              {"sentence", d.sentence},
              {"file", d.file},
              {"line", d.line},
              {"stage", d.stage},
              {"state", d.state},
              {"group", d.group},
              {"place", d.place},
              {"of", d.of},
              {"may_end_before", d.before},
              {"when", d.when},
              {"then", d.then},
              {"needs", d.needs},
              {"on_error", d.on_error},
              {"tests", d.tests}});
  return kDone;
}

}  // namespace sekisho::cli
