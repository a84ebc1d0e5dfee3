// Literals that must stand in a text for a pattern to match it: small sets of which at least one
// occurs, in lower case, and how they add up along a pattern. Sound, not complete: what is not
// known is a gap. Pure, bounded.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sekisho::rules::match {

using LiteralSet = std::vector<std::string>;
using LiteralSets = std::vector<LiteralSet>;  // each of them has one in the text

// How seldom one of them is met by chance, in bits; 0 for no set and one with "" in it.
[[nodiscard]] double rarity(const LiteralSet& set);

// Each literal cut to at most `length` bytes, the rarest that stand together in it.
[[nodiscard]] LiteralSet cut(const LiteralSet& set, std::size_t length);

// What is known of a piece of a pattern.
struct Known {
  bool whole = false;    // `strings` are all the texts that it takes (look-arounds take "")
  LiteralSet strings;    // only where whole
  LiteralSets required;  // by every text; empty: nothing known

  static Known gap() { return {}; }
  static Known nothing() { return {.whole = true, .strings = {""}, .required = {}}; }
  static Known text(std::string bytes) {
    return {.whole = true, .strings = {std::move(bytes)}, .required = {}};
  }
  // All that is known to be required, the rarest first.
  [[nodiscard]] LiteralSets all() const;
};

// Pieces one behind the other.
class KnownSequence {
 public:
  void add(const Known& next);
  // From `min` to `max` times, which may be as large as there is.
  void add(const Known& next, std::size_t min, std::size_t max);
  [[nodiscard]] Known finish();

 private:
  LiteralSet run_ = {""};  // what stands together here
  bool whole_ = true;      // run_ began where the sequence did
  LiteralSets required_;
};

[[nodiscard]] Known one_of(const std::vector<Known>& branches);
[[nodiscard]] Known repeated(const Known& piece, std::size_t min, std::size_t max);

}  // namespace sekisho::rules::match
