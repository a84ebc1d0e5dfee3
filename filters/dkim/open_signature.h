// What the two verifiers (opendkim_verify.h, own_verify.h) work on: a signature that the guard let
// through, with its key, and the message's body.
#pragma once

#include <functional>
#include <string_view>

#include "filters/dkim/key.h"
#include "filters/dkim/signatures.h"
#include "gateway/base/error.h"

namespace sekisho::dkim {

struct OpenSignature {
  Candidate* candidate = nullptr;  // open; whose result and reason are to be written
  PublicKey key;                   // of the candidate's algorithm
};

// Gives the body bit by bit to `take`. May be asked again.
using BodySource = std::function<Result<void>(const std::function<void(std::string_view)>& take)>;

}  // namespace sekisho::dkim
