// Authenticator: is this the right password? The interface that sessions see, and the one on the
// users file: throttle, credential cache, hash on the Offload pool, the same time for users that
// don't exist. Shared by all loops; thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "gateway/async/cancel.h"
#include "gateway/async/loop.h"
#include "gateway/async/task.h"
#include "gateway/auth/throttle.h"
#include "gateway/base/error.h"
#include "gateway/base/ip.h"
#include "gateway/base/settings_visitor.h"
#include "gateway/smtp/sasl.h"

namespace sekisho::auth {

// [auth]
struct AuthSettings {
  std::filesystem::path users_file;
  std::chrono::milliseconds remember{5 * 60 * 1000};  // 0: never
  std::int64_t hash_threads = 1;
  std::int64_t max_waiting = 64;  // log-ins that wait for a hash thread; more get 454
  ThrottleSettings throttle;

  void visit(SettingsVisitor& v);
  bool operator==(const AuthSettings&) const = default;
};

struct Verdict {
  enum class Kind : std::uint8_t { accepted, wrong, throttled, unavailable };
  Kind kind = Kind::unavailable;
  std::string user;    // normalized identity, when accepted
  std::string reason;  // for the log
};

class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // Waits as long as the throttle wants. Cancelled sessions get `unavailable`. The caller keeps the
  // arguments and the Authenticator alive until it returns.
  virtual Task<Verdict> verify(Loop& loop, const smtp::Credentials& credentials,
                               const IpAddress& client, CancelSource& cancel) = 0;
  virtual Result<bool> reload_if_changed() = 0;  // on the Offload pool
};

// Its own Offload pool: a flood of log-ins must not starve disk jobs.
Result<std::shared_ptr<Authenticator>> make_users_file_authenticator(const AuthSettings& settings);

}  // namespace sekisho::auth
