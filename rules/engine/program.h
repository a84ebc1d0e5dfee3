// Program: a RuleSet made ready to run. For each stage flat code with short circuits; comparisons
// and defines that rules share are answered once in an evaluation, and only when one of them is
// reached. Immutable; any thread; an evaluation is one call that never waits, within kMaxSteps.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "rules/check/rule_set.h"
#include "rules/engine/decision.h"
#include "rules/engine/facts.h"
#include "rules/engine/limits.h"
#include "rules/engine/lists.h"
#include "rules/engine/state.h"
#include "rules/engine/trace.h"

namespace sekisho::rules::engine {

// The bound of an evaluation: comparisons asked, each weighed by the text it looks at, and what
// patterns take (PCRE2's own count). One step is about 10 ns. Beyond it every rule that is still
// asked fails, which is what its on_error says.
inline constexpr std::uint64_t kMaxSteps = 500'000;

struct Code;  // code.h

class Program {
 public:
  // The set is one that check() found no errors in.
  [[nodiscard]] static std::shared_ptr<const Program> compile(std::shared_ptr<const RuleSet> set);

  // Asks the rules of a stage, from the first to the one that ends it. State gets tags and scores.
  [[nodiscard]] Decision run(Stage stage, const Facts& facts, const Lists& lists, Limits& limits,
                             State& state, Trace* trace = nullptr) const;

  // The key under which a limit counts now; nullopt: it doesn't (`only when` is not true, or a
  // key's value is absent).
  [[nodiscard]] std::optional<std::string> limit_key(std::size_t limit, Stage stage,
                                                     const Facts& facts, const Lists& lists,
                                                     const State& state) const;

  // Whether run() can do anything at a stage: a rule is asked, or a limit counts there.
  [[nodiscard]] bool has_work_at(Stage stage) const;
  [[nodiscard]] const RuleSet& rules() const;

  ~Program();

 private:
  explicit Program(std::unique_ptr<const Code> code);
  std::unique_ptr<const Code> code_;
};

}  // namespace sekisho::rules::engine
