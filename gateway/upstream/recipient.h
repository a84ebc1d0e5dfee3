// Recipient: one recipient on its way to an upstream: the proof that it may be sent on, and what
// its RCPT said besides (RFC 3461). A plain value.
#pragma once

#include <utility>

#include "gateway/relay/relay_gate.h"
#include "gateway/smtp/command.h"

namespace sekisho::upstream {

struct Recipient {
  // NOLINTNEXTLINE(google-explicit-constructor): a grant alone is a recipient without parameters
  Recipient(relay::RelayGrant proof, smtp::RcptParameters said = {})
      : grant(std::move(proof)), parameters(std::move(said)) {}

  relay::RelayGrant grant;
  smtp::RcptParameters parameters;
};

}  // namespace sekisho::upstream
