// SaslClient: our half of AUTH towards an upstream as a pure state machine: decoded challenges go
// in, responses come out. SCRAM-SHA-256(-PLUS) (RFC 5802, 7677), PLAIN (RFC 4616), LOGIN and
// XOAUTH2. One for each attempt. What it returns is secret, or as good as.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/error.h"
#include "gateway/base/secret.h"
#include "gateway/upstream/login_settings.h"

namespace sekisho::upstream {

class SaslClient {
 public:
  virtual ~SaslClient() = default;
  // What goes up with the AUTH command; nullopt where the server speaks first.
  virtual std::optional<Secret> initial_response() = 0;
  // The answer to a challenge. May compute for some 100 ms: not on a loop.
  virtual Result<Secret> answer(std::string_view challenge) = 0;
  // The server says that we are in. False: it has not proved that it knows the secret too.
  [[nodiscard]] virtual bool believes_success() const { return true; }

  // `channel_binding`: tls-exporter, empty where there is none; then -PLUS can't be used.
  // The mechanism to use of those that are offered (upper case), none when none fits.
  static std::optional<std::string_view> choose(LoginMechanism wanted,
                                                const std::vector<std::string>& offered,
                                                std::string_view channel_binding);
  static std::unique_ptr<SaslClient> start(std::string_view mechanism, std::string_view user,
                                           const Secret& secret,
                                           const std::vector<std::string>& offered,
                                           std::string_view channel_binding);
};

}  // namespace sekisho::upstream
