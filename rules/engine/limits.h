// The limits of a RuleSet, as the engine asks for them: by index in the RuleSet and by key.
// Implemented by rules/limits. The engine asks each limit once in an evaluation at the most to
// charge it, and remembers the answer for all rules of that evaluation.
//
// Limits count by themselves: connections at connect, recipients and new recipients at rcpt,
// messages and bytes at message are charged by Program::run, when the first acting rule asks or
// after the last rule if none did, unless the stage was refused by then. The first charge checks
// and takes in one step. Whoever refuses the recipient or mail afterwards gives back what the
// stage took; refusals and shares, which only the outcome tells, are counted by the filter with
// Program::limit_key.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sekisho::rules::engine {

enum class Use : std::uint8_t {
  read,    // at another stage, and by rules on trial
  charge,  // takes the amount, or nothing where that would exceed
};

struct LimitEvent {
  std::size_t limit = 0;
  std::string_view key;  // one text for all keys of the limit, the same for the same values
  std::uint64_t amount = 1;
  std::string_view recipient;  // lower-case, of `new recipients`; else empty
};

struct LimitState {
  bool exceeded = false;  // with this event; nothing was taken
  std::uint64_t count = 0;
  std::uint64_t total = 0;           // of a share
  std::optional<double> percent;     // of a share, 0 to 100; none below its least number
  std::chrono::milliseconds wait{};  // until it would pass
};

class Limits {
 public:
  Limits() = default;
  Limits(const Limits&) = delete;
  Limits& operator=(const Limits&) = delete;
  virtual ~Limits() = default;

  // nullopt: it can't be said, which fails the rule that asks.
  virtual std::optional<LimitState> ask(const LimitEvent& event, Use use) = 0;
};

}  // namespace sekisho::rules::engine
