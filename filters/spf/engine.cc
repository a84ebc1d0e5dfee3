#include "filters/spf/engine.h"

#include <string>
#include <utility>

#include "filters/spf/libspf2_job.h"

namespace sekisho::spf {
namespace {

constexpr std::string_view name_of(EngineChoice engine) {
  return engine == EngineChoice::own ? "own" : "libspf2";
}

constexpr EngineChoice other_than(EngineChoice engine) {
  return engine == EngineChoice::own ? EngineChoice::libspf2 : EngineChoice::own;
}

}  // namespace

void EngineSettings::visit(SettingsVisitor& v) {
  v.choice<EngineChoice>(
      "engine", engine, {{"own", EngineChoice::own}, {"libspf2", EngineChoice::libspf2}},
      "Who evaluates: own, our evaluator, which is right in every case of the public test suite; "
      "or libspf2, as in other mail servers, in a worker process: 169 of its 191 cases, no exp=, "
      "no record over 1024 bytes, and clients on loopback always pass.");
  v.field(
      "cross_check", cross_check,
      "Whether the other engine is asked as well, its result thrown away, and a line "
      "spf_engines_differ written when they differ. It costs a job of a worker for each check.");
}

Task<Result<Check>> Engine::check(Query query, Deadline deadline, CancelSource& cancel) {
  if (!settings_.cross_check)
    co_return co_await check_by(settings_.engine, std::move(query), deadline, cancel);
  auto chosen = co_await check_by(settings_.engine, query, deadline, cancel);
  if (!chosen) co_return chosen;
  const auto other = co_await check_by(other_than(settings_.engine), query, deadline, cancel);
  if (!other && other.error().kind == ErrorKind::cancelled)
    co_return std::unexpected(other.error());
  compare(query, chosen->verdict, other);
  co_return chosen;
}

Task<Result<Check>> Engine::check_by(EngineChoice engine, Query query, Deadline deadline,
                                     CancelSource& cancel) {
  if (engine == EngineChoice::own)
    co_return co_await spf::check(context_.resolver, std::move(query), deadline, cancel);
  co_return co_await check_by_libspf2(context_.workers, context_.loop, context_.resolver,
                                      std::move(query), deadline, cancel);
}

void Engine::compare(const Query& query, const Verdict& chosen, const Result<Check>& other) {
  const bool same = other && other->verdict.outcome == chosen.outcome;
  context_.metrics
      .counter("spf_cross_checks_total", "Checks of SPF by both engines, by what came of it.",
               {{"result", same    ? "same"
                           : other ? "differs"
                                   : "failed"}})
      .add();
  if (same) return;
  LogLine line("spf_engines_differ", LogLevel::warning);
  line.add("client", query.client.to_string()).add("identity", query.identity);
  line.add(name_of(settings_.engine), to_string(chosen.outcome));
  line.add(name_of(other_than(settings_.engine)),
           other ? to_string(other->verdict.outcome) : std::string_view(other.error().text));
  context_.log.write(line);
}

}  // namespace sekisho::spf
