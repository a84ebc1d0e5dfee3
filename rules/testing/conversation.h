// A conversation of one client with the gateway, as far as rules see it: the relay gate before the
// rules of recipients, the rules of each stage with real facts, the upstream as the caller says.
// No sockets, no clock but the caller's. Steps that a client may leave out (HELO) are taken for it.
// What was refused earlier is what later steps are told: MAIL after a refused HELO, RCPT after a
// refused MAIL. Pure; one thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/time.h"
#include "rules/content/findings.h"
#include "rules/content/matchers.h"
#include "rules/engine/state.h"
#include "rules/facts/session_values.h"
#include "rules/testing/counters.h"
#include "rules/testing/ready.h"
#include "rules/testing/verdict.h"

namespace sekisho::rules::testing {

// Whom the client says to be where no step says it.
inline constexpr std::string_view kClientName = "client.example";

// The clock of limits, moved by that of the conversation.
[[nodiscard]] inline TimePoint as_time_point(WallTime when) {
  return TimePoint(std::chrono::duration_cast<Duration>(when.time_since_epoch()));
}

class Conversation {
 public:
  // All outlive it. `tracing`: runs() have traces, which take time.
  Conversation(const Ready& ready, content::Matchers& matchers, Counters& counters, bool tracing);

  // What is known besides what the steps below tell.
  facts::SessionValues& values() { return values_; }
  void set_time(WallTime now);
  void give(const ValueInfo& value, Constant constant);
  void give(std::shared_ptr<const lists::Lists> lists) { lists_ = std::move(lists); }
  // Those of a list are ours; null: every domain is, so that the gate refuses nobody.
  void set_own_domains(std::optional<std::size_t> list) { own_domains_ = list; }

  // What follows sets the scene: rules that would refuse a step do not end it, though what they say
  // is returned. The relay gate and the upstream still do.
  void set_scene(bool scene) { scene_ = scene; }

  void client(const IpAddress& address);  // another connection
  Verdict connect();
  Verdict helo(std::string_view name);
  Verdict login(std::string_view user);
  Verdict mail(std::string_view sender);  // empty: <>
  Verdict rcpt(std::string_view recipient, std::optional<std::uint16_t> upstream);
  // May be said again for the same envelope: each is asked as if it were the only one.
  Verdict message(std::string_view bytes, std::optional<std::uint16_t> upstream);
  // The transaction is over, and outcome rules are asked, if there was one and they weren't yet.
  void finish();

  void begin_step() { runs_.clear(); }
  // Since the last call of begin_step().
  [[nodiscard]] const std::vector<StageRun>& runs() const { return runs_; }
  // Effects since the session began, those of a former message or transaction left out.
  [[nodiscard]] const std::vector<engine::Effect>& effects() const { return effects_; }
  [[nodiscard]] const engine::State& state() const { return state_; }
  [[nodiscard]] const Ready& ready() const { return ready_; }

 private:
  class GivenFacts;
  const engine::Decision& run(Stage stage, std::string_view about, const engine::Facts* message);
  Verdict settle(const engine::Decision& decision, std::uint16_t code);
  [[nodiscard]] bool ends(const Verdict& verdict) const { return verdict.refuses() && !scene_; }
  // `message`: it went up, and the code is the upstream's answer to it.
  void outcome(std::optional<std::uint16_t> code, const engine::Facts* message);
  void count_answers(std::uint64_t taken);

  const Ready& ready_;
  content::Matchers& matchers_;
  Counters& counters_;
  bool tracing_;
  std::shared_ptr<const lists::Lists> lists_;
  std::optional<std::size_t> own_domains_;
  std::map<const ValueInfo*, Constant> given_;
  facts::SessionValues values_;
  TimePoint now_{};

  bool scene_ = false;
  bool connected_ = false;
  bool greeted_ = false;
  std::optional<Verdict> refused_connection_;  // connect, or a disconnect at any stage
  std::optional<Verdict> refused_helo_;
  std::optional<Verdict> refused_mail_;
  std::optional<Verdict> refused_rcpt_;  // the last one
  bool in_transaction_ = false;
  bool outcome_asked_ = false;
  std::optional<std::uint16_t> upstream_code_;
  std::uint64_t taken_ = 0;  // recipients, by the upstream
  std::uint64_t refused_ = 0;
  engine::State state_;
  engine::State state_before_message_;
  std::vector<engine::Effect> effects_;
  std::size_t session_effects_ = 0;  // of effects_: those before the transaction
  std::size_t effects_before_message_ = 0;
  std::vector<StageRun> runs_;
};

}  // namespace sekisho::rules::testing
