#include "tests/fuzz/session/misbehaviour.h"

#include <array>

namespace sekisho::fuzz {
namespace {

constexpr bool kCloses = true;
constexpr bool kTakesIt = true;
constexpr bool kRefusesIt = false;

constexpr std::array kAll{
    Misbehaviour{},
    Misbehaviour{"MAIL", "550 5.1.8 bad sender\r\n"},
    Misbehaviour{"MAIL", "451 4.3.0 later\r\n"},
    Misbehaviour{"MAIL", "421 4.3.2 going down\r\n", kCloses},
    Misbehaviour{"MAIL", "", kCloses},
    Misbehaviour{"RCPT", "550 5.1.1 no such user\r\n"},
    Misbehaviour{"RCPT", "450 no room\r\n"},
    Misbehaviour{"RCPT", "530 5.7.0 log in\r\n"},
    Misbehaviour{"RCPT", "421 4.3.2 going down\r\n", kCloses},
    Misbehaviour{"RCPT", "421 4.3.2 but staying\r\n"},
    Misbehaviour{"RCPT", "", kCloses},
    Misbehaviour{"RCPT", "\x01\xff what?\r\n"},
    Misbehaviour{"RCPT", "250-2.1.5 \x01\x1b[2J\xc3\xa9\r\n250-2.1.5 three\r\n250 2.1.5 lines\r\n"},
    Misbehaviour{"RCPT", "250 2.1.5 ok\r\n250 2.1.5 and one more\r\n"},
    Misbehaviour{"RCPT", "250\r\n"},
    Misbehaviour{"DATA", "451 4.3.0 later\r\n"},
    Misbehaviour{"DATA", "554 5.5.1 never\r\n"},
    Misbehaviour{"DATA", "", kCloses},
    Misbehaviour{"DATA", "250 2.0.0 done already\r\n"},
    Misbehaviour{"DATA", "354 go ahead\r\n250 2.0.0 queued as EARLY\r\n"},
    Misbehaviour{"DATA", "354-go\r\n354 ahead\r\n"},
    Misbehaviour{"BODY", "", kCloses},
    Misbehaviour{"BODY", "554 5.7.1 enough of it\r\n", kCloses},
    Misbehaviour{"BODY", "250 2.0.0 queued as EARLY\r\n"},
    Misbehaviour{".", "451 4.3.0 later\r\n", false, kRefusesIt},
    Misbehaviour{".", "554 5.7.1 not this\r\n", false, kRefusesIt},
    Misbehaviour{".", "554 2.0.0 of two minds\r\n", false, kRefusesIt},
    Misbehaviour{".", "503 5.5.1 out of order\r\n", false, kRefusesIt},
    Misbehaviour{".", "421 4.3.2 going down\r\n", kCloses, kRefusesIt},
    Misbehaviour{".", "354 more\r\n", false, kRefusesIt},
    Misbehaviour{".", "", kCloses, kTakesIt},
    Misbehaviour{".", "250 2.0.0 que", kCloses, kTakesIt},
    Misbehaviour{".", "250-2.0.0 queued\r\n", kCloses, kTakesIt},
    Misbehaviour{".", "ok, taken\r\n", false, kTakesIt},
    Misbehaviour{".", "250 2.0.0 ok\r\n250 2.0.0 ok\r\n", false, kTakesIt},
    Misbehaviour{".", "250-2.0.0 \x7f\x80\r\n250 2.0.0 queued as X\r\n", false, kTakesIt},
    Misbehaviour{"RSET", "500 5.5.2 what?\r\n"},
    Misbehaviour{"RSET", "", kCloses},
    Misbehaviour{"EHLO", "500 5.5.2 what?\r\n"},
    Misbehaviour{"EHLO", "", kCloses},
    Misbehaviour{"CONNECT", "554 5.3.2 not now\r\n", kCloses},
    Misbehaviour{"CONNECT", "", kCloses},
};

}  // namespace

Misbehaviour choose_misbehaviour(std::uint8_t which) {
  constexpr std::uint8_t kOnce = 0x80;
  constexpr std::uint8_t kSparesFirst = 0x40;
  static_assert(kAll.size() <= kSparesFirst);
  Misbehaviour chosen = kAll[which % kSparesFirst % kAll.size()];
  chosen.once = (which & kOnce) != 0;
  chosen.spares_first = (which & kSparesFirst) != 0;
  return chosen;
}

}  // namespace sekisho::fuzz
