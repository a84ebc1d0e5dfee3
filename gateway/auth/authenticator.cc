#include "gateway/auth/authenticator.h"

#include <atomic>
#include <optional>
#include <utility>

#include "gateway/async/offload.h"
#include "gateway/auth/credential_cache.h"
#include "gateway/auth/decoys.h"
#include "gateway/auth/password_hash.h"
#include "gateway/auth/users_file.h"

namespace sekisho::auth {
namespace {

constexpr std::size_t kMaxRemembered = 10'000;

// One state of the users file, with what is derived from it.
struct UserBase {
  UserBase(UsersFile::Snapshot snapshot, const Decoys::Key& key)
      : users(std::move(snapshot.users)), generation(snapshot.generation), decoys(users, key) {}
  std::shared_ptr<const Users> users;
  std::uint64_t generation;
  Decoys decoys;
};

class UsersFileAuthenticator final : public PasswordAuthenticator {
 public:
  UsersFileAuthenticator(const AuthSettings& settings, std::shared_ptr<UsersFile> file)
      : file_(std::move(file)),
        decoy_key_(Decoys::random_key()),
        base_(std::make_shared<const UserBase>(file_->snapshot(), decoy_key_)),
        cache_(settings.remember, kMaxRemembered),
        throttle_(settings.throttle),
        pool_(static_cast<std::size_t>(settings.hash_threads),
              static_cast<std::size_t>(settings.max_waiting)) {}

  [[nodiscard]] const Result<void>& can_remember() const { return cache_.usable(); }

  Task<Verdict> verify(Loop& loop, const smtp::Credentials& credentials, const IpAddress& client,
                       CancelSource& cancel) override;
  Result<bool> reload_if_changed() override;

 private:
  enum class Check : std::uint8_t { right, wrong, unknown_user, locked, abandoned };
  // On a hash thread.
  Check check(const UserBase& base, const std::string& user, const Secret& password,
              const std::atomic<bool>& abandoned);
  Task<Verdict> tell(Loop& loop, Verdict verdict, Duration delay, CancelSource& cancel);
  [[nodiscard]] std::shared_ptr<const UserBase> base() const {
    const std::lock_guard lock(mutex_);
    return base_;
  }

  std::shared_ptr<UsersFile> file_;
  Decoys::Key decoy_key_;
  std::mutex reloading_;
  mutable std::mutex mutex_;
  std::shared_ptr<const UserBase> base_;  // guarded by mutex_
  CredentialCache cache_;
  Throttle throttle_;
  Offload pool_;  // last: its threads use the rest until it is gone
};

// The identity to look up; empty for what can't be a user of ours: a name that breaks the rules, or
// a wish to act as somebody else (RFC 4616), which nobody may.
std::string identity_of(const smtp::Credentials& credentials) {
  auto user = normalize_user_name(credentials.user);
  if (!user) return {};
  if (!credentials.authorize_as.empty()) {
    const auto other = normalize_user_name(credentials.authorize_as);
    if (!other || *other != *user) return {};
  }
  return std::move(*user);
}

Verdict cancelled() { return {Verdict::Kind::unavailable, {}, "the session ended"}; }

}  // namespace

Task<Verdict> UsersFileAuthenticator::verify(Loop& loop, const smtp::Credentials& credentials,
                                             const IpAddress& client, CancelSource& cancel) {
  if (cancel.cancelled()) co_return cancelled();
  const std::string user = identity_of(credentials);

  // Before everything else, the cache too: a client that is refused must not go on guessing there,
  // where a guess costs it nothing.
  const Throttle::Advice advice = throttle_.ask(client, user, Clock::now());
  if (advice.refuse) {
    co_return Verdict{Verdict::Kind::throttled, {}, "too many failed log-ins from this client"};
  }
  const auto base = this->base();
  if (!user.empty() && cache_.knows(user, credentials.password, base->generation, Clock::now())) {
    // Only with what this client earned: guessers elsewhere don't slow an owner who is known.
    co_return co_await tell(loop, {Verdict::Kind::accepted, user, "remembered"},
                            advice.client_delay, cancel);
  }

  std::atomic<bool> abandoned = false;
  std::optional<CancelSource::Registration> registration;
  registration.emplace(cancel, [&abandoned] { abandoned = true; });
  const auto checked =
      co_await pool_.run(loop, [&] { return check(*base, user, credentials.password, abandoned); });
  registration.reset();
  if (!checked) {
    co_return Verdict{Verdict::Kind::unavailable, {}, "too many log-ins wait for a hash thread"};
  }
  switch (*checked) {
    case Check::abandoned:
      co_return cancelled();
    case Check::right:
      throttle_.succeeded(client, user);
      co_return co_await tell(loop, {Verdict::Kind::accepted, user, "password"}, advice.delay,
                              cancel);
    case Check::wrong:
    case Check::unknown_user:
    case Check::locked:
      break;
  }
  const auto now = Clock::now();
  throttle_.failed(client, user, now);
  const char* reason = *checked == Check::wrong    ? "wrong password"
                       : *checked == Check::locked ? "locked account"
                                                   : "unknown user";
  co_return co_await tell(loop, {Verdict::Kind::wrong, {}, reason},
                          throttle_.ask(client, user, now).delay, cancel);
}

UsersFileAuthenticator::Check UsersFileAuthenticator::check(const UserBase& base,
                                                            const std::string& user,
                                                            const Secret& password,
                                                            const std::atomic<bool>& abandoned) {
  if (abandoned) return Check::abandoned;
  // Of a client's many first connections one pays for the hash, the others find it remembered here.
  if (cache_.knows(user, password, base.generation, Clock::now())) return Check::right;

  const std::string& decoy = base.decoys.for_name(user);
  const auto found = base.users->find(user);
  const bool known = found != base.users->end();
  const bool locked = known && is_locked(found->second);
  const bool real = known && !locked;
  const bool same = verify_password(password, real ? found->second : decoy);
  if (!real) return locked ? Check::locked : Check::unknown_user;
  if (!same) return Check::wrong;
  cache_.remember(user, password, base.generation, Clock::now());
  return Check::right;
}

Task<Verdict> UsersFileAuthenticator::tell(Loop& loop, Verdict verdict, Duration delay,
                                           CancelSource& cancel) {
  if (cancel.cancelled()) co_return cancelled();
  if (delay > Duration::zero()) {
    const auto slept = co_await loop.sleep_until(Deadline::in(delay), cancel);
    if (!slept) co_return cancelled();
  }
  co_return verdict;
}

Result<bool> UsersFileAuthenticator::reload_if_changed() {
  const std::lock_guard one_at_a_time(reloading_);
  auto changed = file_->reload_if_changed();
  if (!changed || !*changed) return changed;
  auto next = std::make_shared<const UserBase>(file_->snapshot(), decoy_key_);
  const std::lock_guard lock(mutex_);
  base_ = std::move(next);
  return true;
}

Result<std::shared_ptr<PasswordAuthenticator>> make_users_file_authenticator(
    const AuthSettings& settings) {
  auto file = UsersFile::open(settings.users_file);
  if (!file) return fail(file.error().kind, "auth.users_file: " + file.error().text);
  auto made = std::make_shared<UsersFileAuthenticator>(settings, std::move(*file));
  if (settings.remember.count() > 0 && !made->can_remember()) {
    return fail(ErrorKind::unavailable, "auth.remember: " + made->can_remember().error().text +
                                            "; allow one (LimitMEMLOCK) or set remember = \"0s\"");
  }
  return std::shared_ptr<PasswordAuthenticator>(std::move(made));
}

void AuthSettings::visit(SettingsVisitor& v) {
  v.field("users_file", users_file,
          "Who may log in: name:hash lines with crypt(3) hashes, kept with `sekisho user`. Read "
          "again when it changes; a broken file leaves the former content in force.");
  v.field("dovecot_socket", dovecot_socket,
          "Who may log in is Dovecot's to say, asked at this socket of its auth service (a "
          "unix_listener auth-client there), instead of users_file. Its mechanisms are ours: "
          "SCRAM, OAUTHBEARER and XOAUTH2 where it has them. It delays failures itself.");
  v.field("remember", remember,
          "How long a right password is remembered, as a keyed hash in locked memory, so that not "
          "every connection costs a password hash. Ends early when users_file changes. \"0s\": "
          "never.");
  v.field("hash_threads", hash_threads,
          "Threads that check passwords. One check costs about 80 ms of CPU with yescrypt.", 1, 64);
  v.field("max_waiting", max_waiting,
          "Log-ins that may wait for such a thread; further ones are answered 454.", 1, 100'000);
  v.table("throttle", "How failed log-ins are slowed.",
          [this](SettingsVisitor& inner) { throttle.visit(inner); });
}

}  // namespace sekisho::auth
