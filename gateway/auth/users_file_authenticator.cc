// The Authenticator on the users file.
#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

#include "gateway/async/offload.h"
#include "gateway/auth/authenticator.h"
#include "gateway/auth/decoys.h"
#include "gateway/auth/password_guard.h"
#include "gateway/auth/scram_decoys.h"
#include "gateway/auth/scram_exchange.h"
#include "gateway/auth/user_secret.h"
#include "gateway/auth/users_file.h"

namespace sekisho::auth {
namespace {

// One state of the users file, with what is derived from it.
struct UserBase {
  UserBase(UsersFile::Snapshot snapshot, const Decoys::Key& key)
      : users(std::move(snapshot.users)),
        generation(snapshot.generation),
        decoys(users, key),
        scram_decoys(*users) {}
  std::shared_ptr<const Users> users;
  std::uint64_t generation;
  Decoys decoys;
  ScramDecoys scram_decoys;
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

  [[nodiscard]] std::vector<std::string> mechanisms(const LoginContext& login) const override;
  std::unique_ptr<AuthExchange> begin(std::string_view mechanism,
                                      const LoginContext& login) override;
  Task<Verdict> verify(Loop& loop, const smtp::Credentials& credentials, const IpAddress& client,
                       CancelSource& cancel) override;
  [[nodiscard]] Knowledge knows(std::string_view user) const override {
    const auto base = this->base();
    const auto found = base->users->find(user);
    const bool may = found != base->users->end() && !is_locked(found->second);
    return may ? Knowledge::known : Knowledge::unknown;
  }
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

// The user's own SCRAM secret, or why there is none to log in with.
std::expected<ScramSecret, std::string> scram_secret_of(const Users& users,
                                                        const std::string& user) {
  const auto found = users.find(user);
  if (found == users.end()) return std::unexpected("unknown user");
  if (is_locked(found->second)) return std::unexpected("locked account");
  auto secret = parse_user_secret(found->second);
  if (!secret || !secret->scram) return std::unexpected("a user without a SCRAM secret");
  return std::move(*secret->scram);
}

}  // namespace

std::vector<std::string> UsersFileAuthenticator::mechanisms(const LoginContext& login) const {
  std::vector<std::string> names = PasswordAuthenticator::mechanisms(login);
  if (base()->scram_decoys.empty()) return names;
  names.insert(names.begin(), std::string(kScram));
  if (!login.channel_binding.empty()) names.insert(names.begin(), std::string(kScramPlus));
  return names;
}

std::unique_ptr<AuthExchange> UsersFileAuthenticator::begin(std::string_view mechanism,
                                                            const LoginContext& login) {
  if (mechanism != kScram && mechanism != kScramPlus)
    return PasswordAuthenticator::begin(mechanism, login);
  const bool plus = mechanism == kScramPlus;
  auto base = this->base();
  if (base->scram_decoys.empty() || (plus && login.channel_binding.empty())) return nullptr;
  return make_scram_exchange(plus, login, guard_, [base](const std::string& user) {
    // Both are looked up for everybody: one takes as long as the other.
    ScramSecret decoy = base->scram_decoys.for_name(user);
    auto own = scram_secret_of(*base->users, user);
    if (own) return ScramUser{std::move(*own), {}};
    return ScramUser{std::move(decoy), std::move(own.error())};
  });
}

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
  const bool same = verify_user_secret(password, real ? found->second : decoy);
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

}  // namespace sekisho::auth
