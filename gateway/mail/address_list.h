// The addresses of a From, Sender or Resent-From field (RFC 5322 section 3.4, with the obsolete
// forms of section 4.4 and the UTF-8 of RFC 6532), to decide on who may use them. Takes the whole
// value or nothing: readers disagree on a list that breaks the grammar, so no part of it counts.
// Pure; views nothing of its input afterwards; error texts are fixed words without any byte of it.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "gateway/base/error.h"
#include "gateway/smtp/address.h"

namespace sekisho::mail {

struct ListedMailbox {
  smtp::Mailbox mailbox;
  // Where the address stands in the value, without name, brackets and source route.
  std::size_t begin = 0;
  std::size_t end = 0;
};

// `value` is HeaderField::value, still folded. Every mailbox in its order, those within groups too;
// none at all for an empty group. Refuses, besides what breaks the grammar: control bytes and
// invalid UTF-8 anywhere, encoded words in an address, encoded words that hide a control byte,
// an @ in a name that is not quoted, and more mailboxes or deeper comments than any mail has.
Result<std::vector<ListedMailbox>> parse_address_list(std::string_view value);

}  // namespace sekisho::mail
