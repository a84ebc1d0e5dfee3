// A rule in words: what it is, when it is asked, what has to be true, what it does, and what it
// needs to know for that. For `sekisho rules explain`. Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/check/rule_set.h"
#include "rules/syntax/source.h"

namespace sekisho::rules::testing {

struct Description {
  std::string name;
  std::string sentence;
  std::string file;
  std::size_t line = 0;
  std::string stage;
  std::string state;                // "in force", "on trial until 2026-12-08, then in force", "off"
  std::string group;                // empty: none
  std::size_t place = 0;            // among the rules of its stage, from 1
  std::size_t of = 0;               // how many those are
  std::vector<std::string> before;  // rules that may end the stage before it is asked
  std::vector<std::string> when;    // the condition, a line for each part; empty: always
  std::vector<std::string> then;
  std::vector<std::string> needs;  // values, lists, limits … with what they are
  std::string on_error;
  std::vector<std::string> tests;  // that expect something of it
};

[[nodiscard]] std::optional<std::size_t> find_rule(const RuleSet& set, std::string_view name);
[[nodiscard]] Description describe(const RuleSet& set, std::size_t rule, const Sources& sources,
                                   std::chrono::sys_days today);
[[nodiscard]] std::string render(const Description& description);

}  // namespace sekisho::rules::testing
