// Which client networks may be trusted to relay at all: none in which strangers can be, whatever an
// administrator writes. Pure.
#pragma once

#include <optional>
#include <string>

#include "gateway/base/error.h"
#include "gateway/base/ip.h"

namespace sekisho::relay {

// Why a network is refused, and what to write instead.
struct NetworkObjection {
  std::string why;
  std::string remedy;
};

// Nothing when `network` may be trusted. Always refused: what is wider than /8 (IPv6: /32), public
// networks wider than /24 (IPv6: /48), and those from which no client or everybody can come. The
// other public ones need the administrator's word, `may_be_public`.
std::optional<NetworkObjection> object_to_network(const Network& network, bool may_be_public);

// The same in one sentence.
Result<void> check_trusted_network(const Network& network, bool may_be_public);

}  // namespace sekisho::relay
