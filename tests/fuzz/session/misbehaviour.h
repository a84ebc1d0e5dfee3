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
  bool once = false;          // then well again
};

// The one that a byte of the input chooses. The first is none at all.
Misbehaviour choose_misbehaviour(std::uint8_t which);

}  // namespace sekisho::fuzz
