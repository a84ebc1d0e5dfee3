#include "gateway/upstream_authenticator.h"

#include <atomic>
#include <utility>

#include "gateway/auth/password_guard.h"
#include "gateway/upstream/credential_check.h"

namespace sekisho {
namespace {

using auth::PasswordGuard;

constexpr auto kAnswerWait = 30s;  // below the client's patience and ours (timeouts.auth)
constexpr std::uint64_t kGeneration = 0;

class UpstreamAuthenticator final : public auth::PasswordAuthenticator {
 public:
  UpstreamAuthenticator(const auth::AuthSettings& settings,
                        std::shared_ptr<upstream::Upstream> upstream)
      : upstream_(std::move(upstream)),
        max_waiting_(settings.max_waiting),
        guard_(settings),
        offload_(1, static_cast<std::size_t>(settings.max_waiting)) {}

  [[nodiscard]] Result<void> usable() const { return guard_.usable(); }

  Task<auth::Verdict> verify(Loop& loop, const smtp::Credentials& credentials,
                             const IpAddress& client, CancelSource& cancel) override {
    // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines): it ends before we do
    const auto check = [&](const std::string& user) -> Task<Checked> {
      co_return co_await ask(loop, user, credentials.password, cancel);
    };
    co_return co_await guard_.verify(loop, credentials, client, cancel, kGeneration, check);
  }

  // The upstream's users aren't ours to read; what was remembered ends with its time.
  Result<bool> reload_if_changed() override { return false; }

 private:
  using Checked = PasswordGuard::Checked;
  using Finding = PasswordGuard::Finding;

  class Place {
   public:
    explicit Place(std::atomic<std::int64_t>& taken) : taken_(taken), number_(++taken) {}
    ~Place() { --taken_; }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    [[nodiscard]] std::int64_t number() const { return number_; }

   private:
    std::atomic<std::int64_t>& taken_;
    std::int64_t number_;
  };

  Task<Checked> ask(Loop& loop, const std::string& user, const Secret& password,
                    CancelSource& cancel) {
    if (user.empty()) co_return Checked{Finding::wrong, "no name of a user"};
    const Place place(taken_);
    if (place.number() > max_waiting_)
      co_return Checked{Finding::unavailable, "too many log-ins wait for the upstream"};
    upstream::CredentialCheck answer = co_await upstream::check_credentials(
        loop, resolver_, offload_, *upstream_, user, password, Deadline::in(kAnswerWait), cancel);
    switch (answer.finding) {
      case upstream::CredentialCheck::Finding::right:
        guard_.remember(user, password, kGeneration);
        co_return Checked{Finding::right, std::move(answer.reason)};
      case upstream::CredentialCheck::Finding::wrong:
        co_return Checked{Finding::wrong, std::move(answer.reason)};
      case upstream::CredentialCheck::Finding::unavailable:
        break;
    }
    co_return Checked{Finding::unavailable, std::move(answer.reason)};
  }

  std::shared_ptr<upstream::Upstream> upstream_;
  std::int64_t max_waiting_;
  std::atomic<std::int64_t> taken_{0};  // connections under way
  PasswordGuard guard_;
  NameResolver resolver_;
  Offload offload_;  // for what a log-in computes
};

}  // namespace

Result<std::shared_ptr<auth::PasswordAuthenticator>> make_upstream_authenticator(
    const auth::AuthSettings& settings, std::shared_ptr<upstream::Upstream> upstream) {
  auto made = std::make_shared<UpstreamAuthenticator>(settings, std::move(upstream));
  if (auto usable = made->usable(); !usable) return std::unexpected(std::move(usable.error()));
  return std::shared_ptr<auth::PasswordAuthenticator>(std::move(made));
}

}  // namespace sekisho
