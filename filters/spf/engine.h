// Engine: who evaluates for one connection: our own evaluator or libspf2, and whether the other is
// asked as well. Owned by the filter's session; one loop.
#pragma once

#include "filters/filter.h"
#include "filters/spf/check.h"

namespace sekisho::spf {

enum class EngineChoice : std::uint8_t { own, libspf2 };

struct EngineSettings {
  EngineChoice engine = EngineChoice::own;
  bool cross_check = false;

  void visit(SettingsVisitor& v);
};

class Engine {
 public:
  // Both must outlive it.
  Engine(const EngineSettings& settings, const filters::SessionContext& context)
      : settings_(settings), context_(context) {}

  // The chosen one's check. The other's, where both are asked, only says whether they agree: by a
  // log line when they don't, and by a counter. The errors of check(), or of
  // check_by_libspf2() when that is the chosen one.
  Task<Result<Check>> check(Query query, Deadline deadline, CancelSource& cancel);

 private:
  Task<Result<Check>> check_by(EngineChoice engine, Query query, Deadline deadline,
                               CancelSource& cancel);
  void compare(const Query& query, const Verdict& chosen, const Result<Check>& other);

  const EngineSettings& settings_;
  const filters::SessionContext& context_;
};

}  // namespace sekisho::spf
