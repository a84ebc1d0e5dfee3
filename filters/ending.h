// Ending: what became of a mail transaction, for the filters that count or judge afterwards. No
// reply hangs on it any more. A value; made by the Transaction.
#pragma once

#include <string>
#include <vector>

#include "gateway/smtp/address.h"
#include "gateway/smtp/reply.h"

namespace sekisho::filters {

struct Ending {
  // The upstream's last word for one recipient: its answer to RCPT, and where that was positive and
  // the message went up, the one to the message.
  struct Answer {
    smtp::Mailbox recipient;
    smtp::Reply reply;
    std::string upstream;  // its name; empty: none could be asked
  };

  bool accepted = false;          // the client read a 2xx for the message (of LMTP: one at least)
  bool discarded = false;         // … because a filter's order was to drop it
  std::vector<Answer> answers{};  // as RCPT asked; only where the chain wants_answers()
};

}  // namespace sekisho::filters
