// The items of a RuleSet's lists and maps, as the engine asks for them: by index in the RuleSet.
// Implemented by rules/lists. Asked on the event loop: memory only. `failed`: the list can't be
// read, which fails the rule that asks.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "rules/engine/facts.h"

namespace sekisho::rules::engine {

// Texts (words, users, local parts of addresses, …) are in a set whatever the case of their ASCII
// letters: only patterns mind case. A domain item *.example.com has all below example.com, an
// address item @example.com all addresses of that domain, a network all its addresses and networks.
class Lists {
 public:
  Lists() = default;
  Lists(const Lists&) = delete;
  Lists& operator=(const Lists&) = delete;
  virtual ~Lists() = default;

  virtual Answer has(std::size_t list, const Fact& value) const = 0;
  // Whether the text contains one of a list of words or domains somewhere.
  virtual Answer any_within(std::size_t list, std::string_view text) const = 0;
  // x in MAP: among the keys.
  virtual Answer has_key(std::size_t map, const Fact& key) const = 0;
  // x in MAP[key]; no where there is no such key.
  virtual Answer has(std::size_t map, const Fact& key, const Fact& value) const = 0;
  // The values of MAP[key] as they are written, appended: for `sign`. `no`: no such key.
  virtual Answer values(std::size_t map, const Fact& key, std::vector<std::string>& out) const = 0;
};

}  // namespace sekisho::rules::engine
