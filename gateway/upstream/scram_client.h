// ScramClient: the client's half of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, 7677, 9266).
// The password never leaves us, and the server has to prove that it knows it (in a salted form)
// before its success is believed. Pure.
#pragma once

#include <string>
#include <string_view>

#include "gateway/upstream/sasl_client.h"

namespace sekisho::upstream {

// What the GS2 header says of channel binding (RFC 5802 section 6).
enum class ScramBinding : std::uint8_t {
  none,         // "n": we don't bind
  not_offered,  // "y": we could, but the server offered no -PLUS; one that did then knows of a
                // thief
  tls_exporter  // -PLUS
};

class ScramClient final : public SaslClient {
 public:
  // A password with other than ASCII characters is taken as it is (no SASLprep, RFC 4013).
  // `channel` is the tls-exporter value, where it is bound to.
  ScramClient(std::string_view user, const Secret& password, std::string nonce,
              ScramBinding binding = ScramBinding::none, std::string_view channel = {});
  static std::string nonce();  // 24 random characters

  std::optional<Secret> initial_response() override;
  Result<Secret> answer(std::string_view challenge) override;
  [[nodiscard]] bool believes_success() const override { return state_ == State::proved; }

 private:
  enum class State : std::uint8_t { started, answered, proved, failed };
  Result<Secret> prove(std::string_view server_first);
  Result<Secret> verify(std::string_view server_final);

  Secret password_;
  std::string nonce_;
  std::string header_;            // the GS2 header
  std::string bound_;             // the same and the channel: what "c=" holds
  std::string first_bare_;        // client-first-message-bare
  std::string server_signature_;  // that the server must show
  State state_ = State::started;
};

}  // namespace sekisho::upstream
