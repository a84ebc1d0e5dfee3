// How a RecordingUpstream breaks the protocol: one answer, at one point of the dialogue, that
// stands in for the good one.
#pragma once

#include <cstdint>
#include <string_view>

namespace sekisho::fuzz {

struct Misbehaviour {
  std::string_view at;    // "CONNECT", a verb, "BODY" (its first bytes are here), "." ; "": never
  std::string_view says;  // instead of the good answer
  bool closes = false;    // afterwards
  bool takes_message = true;  // at ".": whether it keeps the message, whatever it says
  bool spares_first = false;  // well when that point comes for the first time, bad afterwards
  bool once = false;          // bad one time, then well again
};

// The one that a byte of the input chooses: 0x80 sets `once`, 0x40 `spares_first`, the rest is
// which. The first is none at all.
Misbehaviour choose_misbehaviour(std::uint8_t which);

}  // namespace sekisho::fuzz
