// SaslExchange: the server's half of AUTH PLAIN (RFC 4616) and AUTH LOGIN as a pure state machine:
// responses go in, challenges or credentials come out. Whether they are right is auth/'s business.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gateway/base/secret.h"
#include "gateway/smtp/reply.h"

namespace sekisho::smtp {

struct Credentials {
  std::string user;          // authentication identity
  std::string authorize_as;  // authorization identity; empty or equal to user, else refused
  Secret password;
};

// The answer to what can't be right as well as to what turns out wrong, so that nobody learns from
// it which names can exist.
Reply invalid_credentials();

class SaslExchange {
 public:
  struct Challenge {
    std::string text;  // not yet base64
  };
  using Step = std::variant<Challenge, Credentials, Reply>;  // Reply: failed, and why

  virtual ~SaslExchange() = default;
  // `response`: the decoded initial or next response; nullopt at the start without an initial one.
  virtual Step step(std::optional<std::string_view> response) = 0;

  // "PLAIN", "LOGIN"; null for any other name.
  static std::unique_ptr<SaslExchange> start(std::string_view mechanism);
  static const std::vector<std::string_view>& mechanisms();
};

}  // namespace sekisho::smtp
