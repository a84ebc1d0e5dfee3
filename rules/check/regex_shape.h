// The shape of a pattern as far as a search for bad inputs needs it: what may follow what, what is
// repeated without bound. It knows no back references or look-arounds (they count as nothing) and
// judges nothing by itself: what it proposes is tried with PCRE2. Pure, bounded.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sekisho::rules {

struct Shape {
  enum class Kind : std::uint8_t {
    bytes,  // one of `bytes`
    sequence,
    choice,
    repeat,    // children[0], min to max times
    begin,     // ^ \A
    end,       // $ \z \Z
    boundary,  // \b
    never,     // (?!)
    nothing,   // what is not modelled
  };
  Kind kind = Kind::nothing;
  std::vector<Shape> children;
  std::string bytes;    // a few samples of what is taken, best first
  bool single = false;  // bytes: only that one (in any case)
  std::uint32_t min = 0;
  bool unbounded = false;
};

[[nodiscard]] Shape read_shape(std::string_view pattern, bool extended);

// A shortest text that the shape takes, as far as the model goes.
[[nodiscard]] std::string sample(const Shape& shape, std::size_t variant = 0);

// True where it is certain that nothing matches: ^ behind a character that must stand there, and so
// on.
[[nodiscard]] bool never_matches(const Shape& shape, bool multiline);

struct Attack {
  std::string prefix;
  std::vector<std::string> pumps;
};
// What may be repeated in a text to make the pattern try many ways.
[[nodiscard]] std::vector<Attack> attacks(const Shape& shape);

}  // namespace sekisho::rules
