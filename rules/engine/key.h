// When two conditions are the same where they stand, and on which items they depend. Defines make
// of conditions a graph in which a path may come by the same one very often, so what is known of
// one is kept. Used while a program is compiled; one thread.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "rules/check/condition.h"
#include "rules/engine/code.h"

namespace sekisho::rules::engine {

// An `any … where` around a condition.
struct Binding {
  const ItemInfo* item = nullptr;
  std::string label;
  std::uint32_t each = kNone;
};
using Bindings = std::vector<Binding>;

class Keys {
 public:
  // One text that is the same for those that say the same.
  std::string of(const Condition& condition, const Bindings& bindings);
  std::string of(const Operand& operand, const Bindings& bindings);
  // The bindings that it depends on, counted from 1.
  std::set<std::size_t> items(const Condition& condition, const Bindings& bindings);
  std::set<std::size_t> items(const Operand& operand, const Bindings& bindings);

 private:
  struct Known {
    std::string key;
    std::set<std::size_t> items;
  };
  const Known& known(const Condition& defined, const Bindings& bindings);

  std::map<std::pair<const Condition*, std::string>, Known> known_;
  std::unordered_map<std::string, std::size_t> numbers_;  // of the texts of defined ones
};

}  // namespace sekisho::rules::engine
