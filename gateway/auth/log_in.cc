#include "gateway/auth/log_in.h"

#include <utility>

#include "gateway/auth/users_text.h"

namespace sekisho::auth {
namespace {

constexpr std::string_view kExternal = "EXTERNAL";

// The handshake has shown who it is; what the client says can only agree.
class ExternalExchange final : public AuthExchange {
 public:
  ExternalExchange(const Authenticator& authenticator, std::string user)
      : authenticator_(authenticator), user_(std::move(user)) {}

  Task<Step> step(std::optional<std::string_view> response) override {
    if (!response) co_return Step(Challenge{});  // the client speaks first
    Verdict verdict{Verdict::Kind::wrong, {}, {}, user_};
    const auto wish = normalize_user_name(*response);
    if (!response->empty() && (!wish || *wish != user_))
      verdict.reason = "a wish to act as somebody else than the certificate names";
    else if (authenticator_.knows(user_) == Knowledge::unknown)
      verdict.reason = "the certificate names no user who may log in";
    else
      verdict = {Verdict::Kind::accepted, user_, "client certificate", user_};
    co_return Step(std::move(verdict));
  }

 private:
  const Authenticator& authenticator_;
  std::string user_;
};

}  // namespace

std::vector<std::string> offered_mechanisms(const Authenticator& authenticator,
                                            const LoginContext& login) {
  auto names = authenticator.mechanisms(login);
  if (!login.certificate_user.empty()) names.insert(names.begin(), std::string(kExternal));
  return names;
}

std::unique_ptr<AuthExchange> begin_exchange(Authenticator& authenticator,
                                             std::string_view mechanism,
                                             const LoginContext& login) {
  if (mechanism != kExternal) return authenticator.begin(mechanism, login);
  if (login.certificate_user.empty()) return nullptr;
  return std::make_unique<ExternalExchange>(authenticator, std::string(login.certificate_user));
}

}  // namespace sekisho::auth
