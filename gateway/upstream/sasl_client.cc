#include "gateway/upstream/sasl_client.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/upstream/scram_client.h"

namespace sekisho::upstream {
namespace {

constexpr std::string_view kScram = "SCRAM-SHA-256";
constexpr std::string_view kScramPlus = "SCRAM-SHA-256-PLUS";
constexpr std::string_view kPlain = "PLAIN";
constexpr std::string_view kLogin = "LOGIN";
constexpr std::string_view kXoauth2 = "XOAUTH2";
constexpr std::array kByStrength{kScramPlus, kScram, kPlain, kLogin};

bool is_offered(const std::vector<std::string>& offered, std::string_view name) {
  return std::ranges::find(offered, name) != offered.end();
}

std::string_view name_of(LoginMechanism mechanism) {
  switch (mechanism) {
    case LoginMechanism::scram_sha_256_plus:
      return kScramPlus;
    case LoginMechanism::scram_sha_256:
      return kScram;
    case LoginMechanism::plain:
      return kPlain;
    case LoginMechanism::login:
      return kLogin;
    case LoginMechanism::xoauth2:
      return kXoauth2;
    case LoginMechanism::strongest:
      break;
  }
  return {};
}

// A text with secrets in it, that leaves nothing behind.
Secret take(std::string text) {
  Secret secret(text);
  wipe(text);
  return secret;
}

// All is said at once: PLAIN and XOAUTH2.
class OneMessage final : public SaslClient {
 public:
  // `last_word`: what a server gets that answers with a challenge, which can only be a failure.
  OneMessage(Secret message, bool explains_failure)
      : message_(std::move(message)), explains_failure_(explains_failure) {}
  std::optional<Secret> initial_response() override { return message_.clone(); }
  Result<Secret> answer(std::string_view /*challenge*/) override {
    // XOAUTH2 explains a failure in a challenge, and refuses after an empty answer to it.
    if (std::exchange(explains_failure_, false)) return Secret();
    return fail(ErrorKind::protocol, "a challenge where none belongs");
  }

 private:
  Secret message_;
  bool explains_failure_;
};

// Whatever the prompts say, the name is asked for first and the password then.
class LoginClient final : public SaslClient {
 public:
  LoginClient(std::string_view user, const Secret& secret) : user_(user), secret_(secret.clone()) {}
  std::optional<Secret> initial_response() override { return std::nullopt; }
  Result<Secret> answer(std::string_view /*challenge*/) override {
    switch (said_++) {
      case 0:
        return Secret(user_);
      case 1:
        return secret_.clone();
      default:
        return fail(ErrorKind::protocol, "a third prompt, which LOGIN has not");
    }
  }
  [[nodiscard]] bool believes_success() const override { return said_ == 2; }

 private:
  std::string user_;
  Secret secret_;
  int said_ = 0;
};

Secret plain_message(std::string_view user, const Secret& secret) {
  std::string text(1, '\0');
  text.reserve(2 + user.size() + secret.reveal().size());  // no copy is left behind by growing
  text.append(user).append(1, '\0').append(secret.reveal());
  return take(std::move(text));
}

Secret xoauth2_message(std::string_view user, const Secret& token) {
  constexpr std::string_view kBearer =
      "\x01"
      "auth=Bearer ";
  std::string text = "user=";
  text.reserve(text.size() + user.size() + kBearer.size() + token.reveal().size() + 2);
  text.append(user).append(kBearer).append(token.reveal()).append("\x01\x01");
  return take(std::move(text));
}

}  // namespace

std::optional<std::string_view> SaslClient::choose(LoginMechanism wanted,
                                                   const std::vector<std::string>& offered,
                                                   std::string_view channel_binding) {
  const auto fits = [&](std::string_view name) {
    return is_offered(offered, name) && (name != kScramPlus || !channel_binding.empty());
  };
  if (wanted != LoginMechanism::strongest)
    return fits(name_of(wanted)) ? std::optional(name_of(wanted)) : std::nullopt;
  const auto* const found = std::ranges::find_if(kByStrength, fits);
  return found == kByStrength.end() ? std::nullopt : std::optional(*found);
}

std::unique_ptr<SaslClient> SaslClient::start(std::string_view mechanism, std::string_view user,
                                              const Secret& secret,
                                              const std::vector<std::string>& offered,
                                              std::string_view channel_binding) {
  if (mechanism == kScramPlus)
    return std::make_unique<ScramClient>(user, secret, ScramClient::nonce(),
                                         ScramBinding::tls_exporter, channel_binding);
  if (mechanism == kScram) {
    const bool could = !channel_binding.empty() && !is_offered(offered, kScramPlus);
    return std::make_unique<ScramClient>(user, secret, ScramClient::nonce(),
                                         could ? ScramBinding::not_offered : ScramBinding::none);
  }
  if (mechanism == kLogin) return std::make_unique<LoginClient>(user, secret);
  if (mechanism == kXoauth2)
    return std::make_unique<OneMessage>(xoauth2_message(user, secret), true);
  if (mechanism == kPlain) return std::make_unique<OneMessage>(plain_message(user, secret), false);
  return nullptr;
}

}  // namespace sekisho::upstream
