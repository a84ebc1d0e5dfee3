// What limits count while a conversation is played: nothing at all, or everything as live, in a
// book of the conversation's own and by its own clock. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "gateway/base/time.h"
#include "rules/check/rule_set.h"
#include "rules/engine/limits.h"

namespace sekisho::rules::testing {

class Counters {
 public:
  Counters() = default;
  Counters(const Counters&) = delete;
  Counters& operator=(const Counters&) = delete;
  virtual ~Counters() = default;

  // Before each evaluation.
  virtual engine::Limits& begin(Stage stage, TimePoint now) = 0;
  virtual void connected() = 0;
  virtual void refuse_recipient() = 0;  // the one at hand
  virtual void end_mail(bool accepted) = 0;
  // What became of the recipients of a mail, for limits on shares and refusals.
  virtual void answered(std::size_t limit, std::string_view key, std::uint64_t taken,
                        std::uint64_t refused) = 0;
};

// No limit is ever exceeded: for many messages that have nothing to do with each other.
class NoCounters : public Counters, public engine::Limits {
 public:
  engine::Limits& begin(Stage, TimePoint) override { return *this; }
  void connected() override {}
  void refuse_recipient() override {}
  void end_mail(bool) override {}
  void answered(std::size_t, std::string_view, std::uint64_t, std::uint64_t) override {}
  std::optional<engine::LimitState> ask(const engine::LimitEvent&, engine::Use) override {
    return engine::LimitState{};
  }
};

// The limits of this set, empty at first.
[[nodiscard]] std::unique_ptr<Counters> make_counters(const RuleSet& set, TimePoint now);

}  // namespace sekisho::rules::testing
