// Authenticator: who may log in, and by which mechanisms. The interface that sessions see: a source
// of mechanism names (for EHLO) and of exchanges, one for each AUTH command (RFC 4954). And the one
// on the users file: throttle, credential cache, hash on the Offload pool, the same time for users
// that don't exist. Shared by all loops; thread-safe; an exchange belongs to its session's loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gateway/async/cancel.h"
#include "gateway/async/loop.h"
#include "gateway/async/task.h"
#include "gateway/auth/throttle.h"
#include "gateway/base/error.h"
#include "gateway/base/ip.h"
#include "gateway/base/settings_visitor.h"
#include "gateway/login_helper/helper_settings.h"
#include "gateway/smtp/sasl.h"

namespace sekisho::auth {

class DovecotConnections;

// [auth]
struct AuthSettings {
  std::filesystem::path users_file;
  std::filesystem::path dovecot_socket;               // instead of users_file
  std::string upstream;                               // its [upstream.NAME], instead of users_file
  std::chrono::milliseconds remember{5 * 60 * 1000};  // 0: never
  std::int64_t hash_threads = 1;
  std::int64_t max_waiting = 64;  // log-ins that wait for a hash thread; more get 454
  ThrottleSettings throttle;
  login::HelperSettings helpers;  // LDAP or PAM, instead of users_file

  // Is there anybody who knows who may log in?
  [[nodiscard]] bool given() const {
    return !users_file.empty() || !dovecot_socket.empty() || !upstream.empty() || helpers.used();
  }
  void visit(SettingsVisitor& v);
  bool operator==(const AuthSettings&) const = default;
};

struct Verdict {
  enum class Kind : std::uint8_t { accepted, wrong, throttled, unavailable };
  Kind kind = Kind::unavailable;
  std::string user;     // normalized identity, when accepted
  std::string reason;   // for the log
  std::string tried{};  // the name that was tried, where it is known
};

// The connection that a log-in comes by. Outlives the exchange, as its loop does.
struct LoginContext {
  Loop& loop;
  CancelSource& cancel;
  const Endpoint& remote;  // unspecified: it came by a Unix socket
  const Endpoint& local;
  DovecotConnections& dovecot;  // of this loop
  std::string_view session_id;
  bool encrypted = false;
  std::string_view channel_binding{};   // tls-exporter (RFC 9266); empty: there is none
  std::string_view certificate_user{};  // whom its verified certificate names; empty: nobody
  std::string_view listener{};

  // What the throttle counts as one client.
  [[nodiscard]] IpAddress throttle_key() const;
};

class AuthExchange {
 public:
  struct Challenge {
    std::string text;  // not yet base64
  };
  using Step = std::variant<Challenge, Verdict, smtp::Reply>;  // Reply: malformed, and how

  virtual ~AuthExchange() = default;
  // `response`: the decoded initial or next response; nullopt at the start without an initial one.
  // It is the caller's, alive until this returns. Waits as long as the backend and the throttle
  // want; a cancelled session gets `unavailable`. Nothing follows a verdict or a reply.
  virtual Task<Step> step(std::optional<std::string_view> response) = 0;
};

enum class Knowledge : std::uint8_t { known, unknown, cannot_tell };

class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // Upper case, in the order in which EHLO names them.
  [[nodiscard]] virtual std::vector<std::string> mechanisms(const LoginContext& login) const = 0;
  // Null for a mechanism that isn't one of those. The Authenticator must outlive the exchange.
  virtual std::unique_ptr<AuthExchange> begin(std::string_view mechanism,
                                              const LoginContext& login) = 0;
  // May this user log in, by the normalized name? Only some backends can tell without a password.
  [[nodiscard]] virtual Knowledge knows(std::string_view /*user*/) const {
    return Knowledge::cannot_tell;
  }
  virtual Result<bool> reload_if_changed() = 0;  // on the Offload pool
};

// One that is shown the password: PLAIN and LOGIN.
class PasswordAuthenticator : public Authenticator {
 public:
  [[nodiscard]] std::vector<std::string> mechanisms(const LoginContext& login) const override;
  std::unique_ptr<AuthExchange> begin(std::string_view mechanism,
                                      const LoginContext& login) override;
  // Waits as long as the throttle wants. Cancelled sessions get `unavailable`. The caller keeps the
  // arguments and the Authenticator alive until it returns.
  virtual Task<Verdict> verify(Loop& loop, const smtp::Credentials& credentials,
                               const IpAddress& client, CancelSource& cancel) = 0;
};

// Its own Offload pool: a flood of log-ins must not starve disk jobs.
Result<std::shared_ptr<PasswordAuthenticator>> make_users_file_authenticator(
    const AuthSettings& settings);

}  // namespace sekisho::auth
