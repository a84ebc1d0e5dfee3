// Whose mail a filter looks at by its settings: for the check of the configuration, so that who
// judges by a filter's findings is told where it will find out nothing. Pure.
#pragma once

namespace sekisho::filters {

// Besides mail of strangers.
struct Reach {
  bool authenticated = true;  // of users who logged in
  bool internal = true;       // of relay.networks, and of the devices of legacy listeners
};

// What a Blueprint is, too, whose filter may leave such mail alone. Any other reaches all.
class LimitedReach {
 public:
  virtual ~LimitedReach() = default;
  [[nodiscard]] virtual Reach reach() const = 0;
};

}  // namespace sekisho::filters
