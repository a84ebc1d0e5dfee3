#include "gateway/auth/authenticator.h"

#include <atomic>
#include <optional>
#include <utility>

#include "gateway/async/offload.h"
#include "gateway/auth/decoys.h"
#include "gateway/auth/password_guard.h"
#include "gateway/auth/password_hash.h"
#include "gateway/auth/users_file.h"

namespace sekisho::auth {
namespace {

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
        guard_(settings),
        pool_(static_cast<std::size_t>(settings.hash_threads),
              static_cast<std::size_t>(settings.max_waiting)) {}

  [[nodiscard]] Result<void> usable() const { return guard_.usable(); }

  Task<Verdict> verify(Loop& loop, const smtp::Credentials& credentials, const IpAddress& client,
                       CancelSource& cancel) override;
  Result<bool> reload_if_changed() override;

 private:
  using Checked = PasswordGuard::Checked;
  using Finding = PasswordGuard::Finding;
  // On a hash thread.
  Checked check(const UserBase& base, const std::string& user, const Secret& password,
                const std::atomic<bool>& abandoned);
  [[nodiscard]] std::shared_ptr<const UserBase> base() const {
    const std::lock_guard lock(mutex_);
    return base_;
  }

  std::shared_ptr<UsersFile> file_;
  Decoys::Key decoy_key_;
  std::mutex reloading_;
  mutable std::mutex mutex_;
  std::shared_ptr<const UserBase> base_;  // guarded by mutex_
  PasswordGuard guard_;
  Offload pool_;  // last: its threads use the rest until it is gone
};

}  // namespace

Task<Verdict> UsersFileAuthenticator::verify(Loop& loop, const smtp::Credentials& credentials,
                                             const IpAddress& client, CancelSource& cancel) {
  const auto base = this->base();
  // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines): it ends before we do
  const auto check = [&](const std::string& user) -> Task<Checked> {
    std::atomic<bool> abandoned = false;
    const CancelSource::Registration registration(cancel, [&abandoned] { abandoned = true; });
    auto checked = co_await pool_.run(
        loop, [&] { return this->check(*base, user, credentials.password, abandoned); });
    if (!checked)
      co_return Checked{Finding::unavailable, "too many log-ins wait for a hash thread"};
    co_return std::move(*checked);
  };
  co_return co_await guard_.verify(loop, credentials, client, cancel, base->generation, check);
}

PasswordGuard::Checked UsersFileAuthenticator::check(const UserBase& base, const std::string& user,
                                                     const Secret& password,
                                                     const std::atomic<bool>& abandoned) {
  if (abandoned) return {Finding::unavailable, "the session ended"};
  // Of a client's many first connections one pays for the hash, the others find it remembered here.
  if (!user.empty() && guard_.knows(user, password, base.generation))
    return {Finding::right, "password"};

  const std::string& decoy = base.decoys.for_name(user);
  const auto found = base.users->find(user);
  const bool known = found != base.users->end();
  const bool locked = known && is_locked(found->second);
  const bool real = known && !locked;
  const bool same = verify_password(password, real ? found->second : decoy);
  if (!real) return {Finding::wrong, locked ? "locked account" : "unknown user"};
  if (!same) return {Finding::wrong, "wrong password"};
  guard_.remember(user, password, base.generation);
  return {Finding::right, "password"};
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
  if (auto usable = made->usable(); !usable) return std::unexpected(std::move(usable.error()));
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
  v.table("helpers", "Passwords are checked by LDAP or PAM, in processes of their own.",
          [this](SettingsVisitor& inner) { helpers.visit(inner); });
  const char* const other = !users_file.empty() ? "users_file" : "dovecot_socket";
  if (helpers.used() && (!users_file.empty() || !dovecot_socket.empty()))
    v.error(other,
            "can't be set beside auth.helpers.ldap or auth.helpers.pam: one of them knows who may "
            "log in");
  v.table("throttle", "How failed log-ins are slowed.",
          [this](SettingsVisitor& inner) { throttle.visit(inner); });
}

}  // namespace sekisho::auth
