// Facts: what is known of one session and its message, as rules ask for it. The gateway's filter
// and the tools make one for each evaluation. One thread, and no call may wait: what takes long
// was found out before. Texts live until the evaluation is over.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gateway/base/ip.h"
#include "rules/check/condition.h"
#include "rules/check/values.h"

namespace sekisho::rules::engine {

// `failed`: nobody can say, as of a pattern at its match limit or a list that can't be read. Never
// the same as no; a rule that reaches it fails.
enum class Answer : std::uint8_t { no, yes, failed };

// One value. Units as in Constant: number and percent are double, size, duration (milliseconds),
// date (days since 1970) and clock (minutes) are uint64. Words of closed sets, domains, extensions,
// media types and sums are lower-case, countries upper-case; other texts are as they came.
using Fact = std::variant<bool, double, std::uint64_t, std::string_view, IpAddress, Network>;

// A constant as it is compared with facts; a view of its text.
[[nodiscard]] inline Fact fact_of(const Constant& constant) {
  return std::visit(
      []<class T>(const T& value) -> Fact {
        if constexpr (std::is_same_v<T, std::string>) {
          return std::string_view(value);
        } else {
          return value;
        }
      },
      constant.value);
}

// The item that an `any … where` is at.
struct ItemRef {
  const ItemInfo* item = nullptr;
  const ValueInfo* of = nullptr;  // `address in header.from`: header.from; else null
  std::size_t index = 0;          // below count(item, of)
};

class Facts {
 public:
  Facts() = default;
  Facts(const Facts&) = delete;
  Facts& operator=(const Facts&) = delete;
  virtual ~Facts() = default;

  // Appends the values: none where the value is absent, several where it is many or has readings.
  // `item` is the item that the value is of, null for a value of none, and at rcpt for the
  // recipient at hand. `tags` is never asked (State has them); the today of trials is `time.date`.
  virtual void values(const ValueInfo& value, const ItemRef* item,
                      std::vector<Fact>& out) const = 0;

  // Appends the decoded value of each field of that name (of any case).
  virtual void header(std::string_view name, std::vector<Fact>& out) const = 0;

  // How many items there are.
  virtual std::size_t count(const ItemInfo& item, const ValueInfo* of) const = 0;

  // Asked first for `matches`, and for every comparison whose left side is text, html, source or
  // raw (is present, contains LIST … too): the inspect worker has answered those. `atom` is a
  // comparison within the RuleSet (of a rule or of a limit's `only when`), any of those that say
  // the same; `item` as in values(). nullopt: not answered, so the engine looks at values()
  // itself, which it does only for texts of at most kMaxOwnText bytes; a longer text, or one of
  // the four that values() has nothing of, is `failed`.
  virtual std::optional<Answer> answered(const Condition& /*atom*/, const ItemRef* /*item*/) const {
    return std::nullopt;
  }

  // The patterns of RuleSet::patterns[index], one answer for each. nullopt: as above.
  virtual std::optional<std::vector<Answer>> patterns(std::size_t /*index*/) const {
    return std::nullopt;
  }

  // What answered() found, for a trace; empty where that is not known. Asked only with a trace.
  virtual std::string matched(const Condition& /*atom*/, const ItemRef* /*item*/) const {
    return {};
  }
};

// Patterns over longer texts are not run by the engine, whose thread is the event loop.
inline constexpr std::size_t kMaxOwnText = 4096;

}  // namespace sekisho::rules::engine
