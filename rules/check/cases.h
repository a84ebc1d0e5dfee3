// A condition as its cases: the ways in which it can be true, each a set of facts that hold
// together. A fact is a comparison (or any/every/no, as a whole) that is true, or is not true; the
// two differ from "is" and "is not", since both of those are false of a value that is absent.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "rules/check/condition.h"

namespace sekisho::rules {

struct Fact {
  const Condition* condition = nullptr;
  bool holds = true;
};

// By what the condition says, so that the same said twice is one fact.
using Case = std::map<std::string, Fact>;

inline constexpr std::size_t kMaxCases = 64;

// nullopt: too many. Cases that contradict themselves by the same fact are left out already.
[[nodiscard]] std::optional<std::vector<Case>> cases_of(const Condition& condition);

// Two facts of the case that cannot hold together; nullopt: none are found.
[[nodiscard]] std::optional<std::pair<Fact, Fact>> contradiction_in(const Case& facts);

// Whether everything that `general` demands holds in `special`.
[[nodiscard]] bool covers(const Case& general, const Case& special);

}  // namespace sekisho::rules
