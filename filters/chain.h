// Chain: the filters of one listener in their order, with what the chain gives each for free:
// deadline, failure policy, observe mode, counters and log. ChainRun is one connection's pass
// through it.
//
// Fail closed (promise 4): an exception, an overrun deadline or a cancelled wait becomes 451 4.3.0
// unless the filter's own on_error is "pass"; each is logged and counted. `accept` ends a stage,
// never the relay gate, which is not a filter.
//
// A deadline works by cancelling what the filter waits for. It can't stop a filter that computes
// without end, nor a running Offload job: those must be bounded by themselves.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "filters/discard_order.h"
#include "filters/filter.h"
#include "gateway/base/log.h"
#include "gateway/base/metrics.h"
#include "gateway/base/settings_visitor.h"

namespace sekisho::filters {

enum class OnError : std::uint8_t { defer, pass };
enum class Mode : std::uint8_t { enforce, observe };

// The settings that every [filter.NAME] has, next to its own.
struct LinkSettings {
  Mode mode = Mode::enforce;
  OnError on_error = OnError::defer;
  std::chrono::milliseconds timeout{5000};

  void visit(SettingsVisitor& v);
};

struct Link {
  std::string name;  // of [filter.NAME]
  std::shared_ptr<const Filter> filter;
  LinkSettings settings;
};

std::string_view to_string(Mode mode);

class Chain {
 public:
  explicit Chain(std::vector<Link> links);
  ~Chain();
  [[nodiscard]] const std::vector<Link>& links() const { return links_; }
  [[nodiscard]] bool wants(Stage stage) const;
  [[nodiscard]] bool authenticates() const;  // does any of its filters?
  [[nodiscard]] bool wants_answers() const { return wants_answers_; }

 private:
  friend class ChainRun;
  struct HotCounters;  // those that every message touches, looked up once
  const HotCounters& hot_counters(std::size_t link, Metrics& metrics) const;

  std::vector<Link> links_;
  bool wants_answers_ = false;
  // Made at the first use, by any thread; a chain counts into one Metrics all its life.
  mutable std::once_flag counters_made_;
  mutable std::vector<HotCounters> counters_;
};

class ChainRun {
 public:
  struct Outcome {
    Verdict verdict = Verdict::pass();
    std::string filter;  // which one ended the stage, or quarantined first; else empty
    bool quarantine = false;
    std::string quarantine_why;
    std::optional<DiscardOrder> discard;
    std::chrono::milliseconds delay{};  // that the filters ask for before we answer

    [[nodiscard]] bool disconnects() const { return verdict.kind() == Verdict::Kind::disconnect; }
  };

  ChainRun(std::shared_ptr<const Chain> chain, const SessionContext& context);
  ~ChainRun();

  // Runs the stage's filters in order until one refuses, discards or accepts.
  Task<Outcome> run(Stage stage, View& view);
  // To every filter that was opened, once for each transaction.
  void ended(const mail::Envelope& envelope, const Ending& ending);
  // What an Outcome asks for; cut with the session.
  Task<void> wait(std::chrono::milliseconds delay);

 private:
  struct Opened;
  struct Checked;
  Task<Checked> check(std::size_t link, Stage stage, View& view);
  Task<Checked> check_in_time(std::size_t link, Stage stage, View& view);
  void observe(const Link& link, Stage stage, const View& view, const Verdict& verdict);
  void report_failure(const Link& link, std::string_view stage, const View* view,
                      std::string_view kind, std::string_view what);
  void count(const Link& link, Stage stage, const Verdict& verdict);

  std::shared_ptr<const Chain> chain_;
  SessionContext context_;
  std::vector<std::unique_ptr<Opened>> opened_;  // opened at first use
};

}  // namespace sekisho::filters
