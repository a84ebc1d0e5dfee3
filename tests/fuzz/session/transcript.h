// Transcript: all that a client heard in one session, read as SMTP replies. Every reply is checked
// for its form; what they say together is what the oracles of the session ask for.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sekisho::fuzz {

struct Transcript {
  // A message that the session says was handed over.
  struct Acknowledged {
    std::string id;              // "queued as …"
    std::size_t recipients = 0;  // answered with 250 in its transaction
  };

  explicit Transcript(std::string_view heard);

  std::vector<Acknowledged> acknowledged;
  std::size_t go_aheads = 0;  // 354
  bool authenticated = false;
  bool upstream_blamed = false;  // "the mail server behind this gateway …"
};

}  // namespace sekisho::fuzz
