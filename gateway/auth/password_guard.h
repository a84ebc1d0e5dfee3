// PasswordGuard: what stands around every check of a password or of a proof that one has it,
// whoever makes the check: the throttle before it, the memory of passwords that were right, and the
// wait that client and account earned after it. Owned by an Authenticator; thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "gateway/async/cancel.h"
#include "gateway/async/loop.h"
#include "gateway/async/task.h"
#include "gateway/auth/authenticator.h"
#include "gateway/auth/credential_cache.h"
#include "gateway/auth/throttle.h"

namespace sekisho::auth {

class PasswordGuard {
 public:
  enum class Finding : std::uint8_t { right, wrong, unavailable };
  struct Checked {
    Finding finding = Finding::unavailable;
    std::string reason;  // for the log
  };
  // Gets the normalized name, empty for one that no user can have. Never fails; calls remember()
  // when the password was right.
  using Check = std::function<Task<Checked>(const std::string& user)>;

  explicit PasswordGuard(const AuthSettings& settings);

  // Why no password can be remembered, if so.
  [[nodiscard]] Result<void> usable() const;

  // What was remembered of another `generation` of the user base doesn't count. A cancelled session
  // gets `unavailable`. The caller keeps the arguments alive until it returns.
  Task<Verdict> verify(Loop& loop, const smtp::Credentials& credentials, const IpAddress& client,
                       CancelSource& cancel, std::uint64_t generation, Check check);

  // For what proves who it is without showing a password: `user` normalized, or empty. The same
  // throttle and the same waits, after the check; admits() before it.
  [[nodiscard]] bool admits(const IpAddress& client, const std::string& user);
  Task<Verdict> settle(Loop& loop, std::string user, const IpAddress& client, CancelSource& cancel,
                       Checked checked);

  // For a check that runs later than it was asked for: another one may have found out meanwhile.
  [[nodiscard]] bool knows(const std::string& user, const Secret& password,
                           std::uint64_t generation);
  void remember(const std::string& user, const Secret& password, std::uint64_t generation);

 private:
  Task<Verdict> conclude(Loop& loop, std::string user, const IpAddress& client,
                         CancelSource& cancel, Throttle::Advice before, Checked checked);
  static Task<Verdict> tell(Loop& loop, Verdict verdict, Duration delay, CancelSource& cancel);

  bool remembers_;
  CredentialCache cache_;
  Throttle throttle_;
};

}  // namespace sekisho::auth
