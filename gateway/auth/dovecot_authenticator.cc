#include "gateway/auth/dovecot_authenticator.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include <poll.h>

#include "gateway/auth/dovecot_connection.h"
#include "gateway/auth/users_text.h"
#include "gateway/base/text.h"

namespace sekisho::auth {
namespace {

constexpr auto kAnswerWait = 30s;
constexpr auto kHelloWait = 2s;
constexpr std::size_t kMaxResponse = 5500;  // so that base64 and the rest fit kMaxLineToServer

class DovecotAuthenticator final : public Authenticator {
 public:
  explicit DovecotAuthenticator(const AuthSettings& settings)
      : path_(settings.dovecot_socket.string()),
        mechanisms_{{.name = "PLAIN", .plaintext = true}, {.name = "LOGIN", .plaintext = true}},
        throttle_(settings.throttle) {}

  [[nodiscard]] std::vector<std::string> mechanisms(const LoginContext& login) const override;
  std::unique_ptr<AuthExchange> begin(std::string_view mechanism,
                                      const LoginContext& login) override;
  Result<bool> reload_if_changed() override;
  // Asks the server what it offers. Waits: on no loop that serves sessions.
  void look();

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] Throttle& throttle() { return throttle_; }
  void learn(const std::vector<dovecot::Mechanism>& mechanisms) {
    if (mechanisms.empty()) return;
    const std::lock_guard lock(mutex_);
    mechanisms_ = mechanisms;
    known_ = true;
  }

 private:
  std::string path_;
  mutable std::mutex mutex_;
  std::vector<dovecot::Mechanism> mechanisms_;  // guarded by mutex_
  bool known_ = false;                          // guarded by mutex_; not only supposed
  Throttle throttle_;
};

class DovecotExchange final : public AuthExchange {
 public:
  DovecotExchange(DovecotAuthenticator& owner, std::string mechanism, const LoginContext& login)
      : owner_(owner), mechanism_(std::move(mechanism)), login_(login) {}
  ~DovecotExchange() override {
    if (connection_ && under_way_) connection_->forget(id_);
  }

  Task<Step> step(std::optional<std::string_view> response) override;

 private:
  Result<std::string> begin(std::optional<std::string_view> response);
  Step conclude(dovecot::Answer& answer);

  DovecotAuthenticator& owner_;
  std::string mechanism_;
  LoginContext login_;
  std::shared_ptr<DovecotConnection> connection_;
  std::uint32_t id_ = 0;
  bool under_way_ = false;  // Dovecot waits for a response of the client
};

Verdict unavailable(std::string reason) {
  return {Verdict::Kind::unavailable, {}, std::move(reason)};
}

Result<std::string> DovecotExchange::begin(std::optional<std::string_view> response) {
  auto connection = login_.dovecot.to(owner_.path());
  if (!connection) return std::unexpected(std::move(connection.error()));
  connection_ = std::move(*connection);
  id_ = connection_->new_id();
  return dovecot::auth_line({.id = id_,
                             .mechanism = mechanism_,
                             .remote = login_.remote,
                             .local = login_.local,
                             .session_id = login_.session_id,
                             .encrypted = login_.encrypted},
                            response);
}

Task<AuthExchange::Step> DovecotExchange::step(std::optional<std::string_view> response) {
  if (response && response->size() > kMaxResponse)
    co_return smtp::Reply::of(500, "5.5.6", "authentication exchange line is too long");
  Result<std::string> line;
  if (connection_) {
    line = dovecot::continue_line(id_, response.value_or(std::string_view()));
  } else {
    if (owner_.throttle().ask(login_.throttle_key(), {}, Clock::now()).refuse)
      co_return Verdict{Verdict::Kind::throttled, {}, "too many failed log-ins from this client"};
    line = begin(response);
  }
  if (!line) co_return unavailable(std::move(line.error().text));
  under_way_ = false;
  auto answer =
      co_await connection_->ask(id_, std::move(*line), Deadline::in(kAnswerWait), login_.cancel);
  owner_.learn(connection_->mechanisms());
  if (!answer) co_return unavailable(std::move(answer.error().text));
  co_return conclude(*answer);
}

AuthExchange::Step DovecotExchange::conclude(dovecot::Answer& answer) {
  if (answer.kind == dovecot::Answer::Kind::more) {
    under_way_ = true;
    return Challenge{std::move(answer.challenge)};
  }
  const IpAddress client = login_.throttle_key();
  auto user = normalize_user_name(answer.user);
  if (answer.kind == dovecot::Answer::Kind::ok) {
    // Who it was is all that counts from here on.
    if (!user) return unavailable("Dovecot names no user that can be one: " + user.error().text);
    owner_.throttle().succeeded(client, *user);
    return Verdict{Verdict::Kind::accepted, std::move(*user), "Dovecot"};
  }
  Verdict verdict{Verdict::Kind::wrong, {}, "refused by Dovecot", std::move(answer.user)};
  if (!answer.code.empty()) verdict.reason += ": " + answer.code;
  if (answer.temporary)
    verdict.kind = Verdict::Kind::unavailable;
  else
    owner_.throttle().failed(client, user ? *user : std::string(), Clock::now());
  return verdict;
}

std::vector<std::string> DovecotAuthenticator::mechanisms(const LoginContext& login) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& mechanism : mechanisms_)
    if (login.encrypted || !mechanism.plaintext) names.push_back(mechanism.name);
  return names;
}

std::unique_ptr<AuthExchange> DovecotAuthenticator::begin(std::string_view mechanism,
                                                          const LoginContext& login) {
  std::string name = to_upper(mechanism);
  const auto offered = mechanisms(login);
  if (std::ranges::find(offered, name) == offered.end()) return nullptr;
  return std::make_unique<DovecotExchange>(*this, std::move(name), login);
}

void DovecotAuthenticator::look() {
  Loop loop;
  CancelSource never;
  const auto connection = DovecotConnection::open(loop, path_);
  if (connection)
    learn(loop.run_until_done((*connection)->await_mechanisms(Deadline::in(kHelloWait), never)));
}

Result<bool> DovecotAuthenticator::reload_if_changed() {
  const bool known = [this] {
    const std::lock_guard lock(mutex_);
    return known_;
  }();
  if (!known) look();
  return false;
}

}  // namespace

std::shared_ptr<Authenticator> make_dovecot_authenticator(const AuthSettings& settings) {
  auto made = std::make_shared<DovecotAuthenticator>(settings);
  made->look();
  return made;
}

}  // namespace sekisho::auth
