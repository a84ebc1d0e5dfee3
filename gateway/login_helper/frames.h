// Frames: what the gateway and a login helper say to each other: one datagram of a sequenced-packet
// socket pair each way. Pure. A frame is a list of fields (base/fields.h); anything else is no
// frame, and whoever gets one has done with the other side. Buffers that held a password are wiped.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/fields.h"
#include "gateway/base/secret.h"

namespace sekisho::login {

constexpr std::size_t kMaxFrame = 60'000;

struct Question {
  std::string user;
  Secret password;
  std::string client;  // its IP address
};

enum class Outcome : std::uint8_t {
  right,
  wrong,        // the password, or there is no such user
  unavailable,  // the directory can't say at the moment
};

struct Answer {
  Outcome outcome = Outcome::unavailable;
  std::string reason;  // for the log; never the password
};

// Nothing when they don't fit into a frame.
std::optional<Secret> encode_fields(const std::vector<std::string_view>& fields);

std::optional<Secret> encode(const Question& question);
std::optional<Question> decode_question(std::string_view frame);
std::optional<Secret> encode(const Answer& answer);
std::optional<Answer> decode_answer(std::string_view frame);

}  // namespace sekisho::login
