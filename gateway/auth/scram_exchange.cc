#include "gateway/auth/scram_exchange.h"

#include <utility>

#include "gateway/auth/scram_server.h"
#include "gateway/auth/users_text.h"

namespace sekisho::auth {
namespace {

class ScramExchange final : public AuthExchange {
 public:
  ScramExchange(bool plus, const LoginContext& login, PasswordGuard& guard, FindScramUser find)
      : login_(login),
        guard_(guard),
        find_(std::move(find)),
        server_({.plus = plus, .channel_binding = std::string(login.channel_binding)},
                [this](const std::string& name) { return secret_of(name); }) {}

  Task<Step> step(std::optional<std::string_view> response) override;

 private:
  ScramSecret secret_of(const std::string& name);
  PasswordGuard::Checked judge(const ScramServer::Step& step) const;

  LoginContext login_;
  PasswordGuard& guard_;
  FindScramUser find_;
  ScramServer server_;
  std::string user_;    // normalized; empty: what no user can be called
  std::string nobody_;  // why the secret was a decoy
  std::optional<Verdict> verdict_;
};

ScramSecret ScramExchange::secret_of(const std::string& name) {
  auto user = normalize_user_name(name);
  user_ = user ? std::move(*user) : std::string();
  ScramUser found = find_(user_.empty() ? name : user_);
  nobody_ = user_.empty() ? "no name of a user" : std::move(found.nobody);
  return std::move(found.secret);
}

PasswordGuard::Checked ScramExchange::judge(const ScramServer::Step& step) const {
  using Finding = PasswordGuard::Finding;
  if (!nobody_.empty()) return {Finding::wrong, nobody_};
  if (step.outcome != ScramServer::Outcome::proven) return {Finding::wrong, step.text};
  if (!server_.authorize_as().empty()) {
    const auto other = normalize_user_name(server_.authorize_as());
    if (!other || *other != user_) return {Finding::wrong, "a wish to act as somebody else"};
  }
  return {Finding::right, "SCRAM"};
}

Task<AuthExchange::Step> ScramExchange::step(std::optional<std::string_view> response) {
  if (verdict_) {
    // The server's proof went out as a challenge (RFC 4954 section 4); the client has seen it.
    if (response && response->empty()) co_return Step(std::move(*verdict_));
    co_return Step(smtp::Reply::of(501, "5.5.2", "nothing belongs there"));
  }
  if (!response) co_return Step(Challenge{});  // the client speaks first
  // A client that may not guess learns no salt either.
  const IpAddress client = login_.throttle_key();
  if (!guard_.admits(client, {}))
    co_return Step(
        Verdict{Verdict::Kind::throttled, {}, "too many failed log-ins from this client"});

  ScramServer::Step step = server_.step(*response);
  if (step.outcome == ScramServer::Outcome::more) co_return Step(Challenge{std::move(step.text)});
  if (step.outcome == ScramServer::Outcome::malformed)
    co_return Step(smtp::Reply::of(501, "5.5.2", "that is no message of SCRAM"));
  Verdict verdict = co_await guard_.settle(login_.loop, user_, client, login_.cancel, judge(step));
  verdict.tried = server_.name();
  if (verdict.kind != Verdict::Kind::accepted) co_return Step(std::move(verdict));
  verdict_ = std::move(verdict);
  co_return Step(Challenge{std::move(step.text)});
}

}  // namespace

std::unique_ptr<AuthExchange> make_scram_exchange(bool plus, const LoginContext& login,
                                                  PasswordGuard& guard, FindScramUser find) {
  return std::make_unique<ScramExchange>(plus, login, guard, std::move(find));
}

}  // namespace sekisho::auth
