// Who sends a message that rules are tried on: what the command line says, and for the rest what
// the message itself says in Return-Path, From, To and Cc. Pure.
#pragma once

#include <string_view>

#include "gateway/base/error.h"
#include "gateway/cli/commands.h"
#include "rules/testing/play.h"

namespace sekisho::cli {

// ErrorKind::invalid: an option that is none of its kind, in a sentence for the user.
[[nodiscard]] Result<rules::testing::Circumstances> circumstances(const SenderOfMessage& who);

// With sender and recipients of the message where none were said.
[[nodiscard]] rules::testing::Circumstances circumstances_of(
    std::string_view message, const rules::testing::Circumstances& said,
    const SenderOfMessage& who);

}  // namespace sekisho::cli
