// PLAIN and LOGIN for every backend that is shown the password.
#include <utility>

#include "gateway/auth/authenticator.h"

namespace sekisho::auth {
namespace {

class PasswordExchange final : public AuthExchange {
 public:
  PasswordExchange(PasswordAuthenticator& authenticator, std::unique_ptr<smtp::SaslExchange> sasl,
                   const LoginContext& login)
      : authenticator_(authenticator), sasl_(std::move(sasl)), login_(login) {}

  Task<Step> step(std::optional<std::string_view> response) override {
    auto step = sasl_->step(response);
    if (auto* failure = std::get_if<smtp::Reply>(&step)) co_return Step(std::move(*failure));
    if (auto* challenge = std::get_if<smtp::SaslExchange::Challenge>(&step))
      co_return Step(Challenge{std::move(challenge->text)});
    auto& credentials = std::get<smtp::Credentials>(step);
    const IpAddress client = login_.throttle_key();
    Verdict verdict =
        co_await authenticator_.verify(login_.loop, credentials, client, login_.cancel);
    verdict.tried = std::move(credentials.user);
    co_return Step(std::move(verdict));
  }

 private:
  PasswordAuthenticator& authenticator_;
  std::unique_ptr<smtp::SaslExchange> sasl_;
  LoginContext login_;
};

}  // namespace

std::vector<std::string> PasswordAuthenticator::mechanisms(const LoginContext&) const {
  const auto& names = smtp::SaslExchange::mechanisms();
  return {names.begin(), names.end()};
}

std::unique_ptr<AuthExchange> PasswordAuthenticator::begin(std::string_view mechanism,
                                                           const LoginContext& login) {
  auto sasl = smtp::SaslExchange::start(mechanism);
  if (!sasl) return nullptr;
  return std::make_unique<PasswordExchange>(*this, std::move(sasl), login);
}

}  // namespace sekisho::auth
