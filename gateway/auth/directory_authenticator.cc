#include "gateway/auth/directory_authenticator.h"

#include <utility>

#include "gateway/auth/password_guard.h"
#include "gateway/auth/users_file.h"
#include "gateway/login_helper/login_helpers.h"

namespace sekisho::auth {
namespace {

class DirectoryAuthenticator final : public PasswordAuthenticator {
 public:
  DirectoryAuthenticator(const AuthSettings& settings, std::unique_ptr<login::LoginHelpers> helpers)
      : guard_(settings), helpers_(std::move(helpers)) {}

  [[nodiscard]] Result<void> usable() const { return guard_.usable(); }

  Task<Verdict> verify(Loop& loop, const smtp::Credentials& credentials, const IpAddress& client,
                       CancelSource& cancel) override {
    // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines): it ends before we do
    const auto check = [&](const std::string& user) -> Task<PasswordGuard::Checked> {
      co_return co_await ask(loop, user, credentials.password, client, cancel);
    };
    co_return co_await guard_.verify(loop, credentials, client, cancel, kGeneration, check);
  }

  // The directory's content isn't ours to read; what was remembered ends with its time.
  Result<bool> reload_if_changed() override { return false; }

 private:
  static constexpr std::uint64_t kGeneration = 0;
  using Checked = PasswordGuard::Checked;
  using Finding = PasswordGuard::Finding;

  Task<Checked> ask(Loop& loop, const std::string& user, const Secret& password,
                    const IpAddress& client, CancelSource& cancel) {
    if (user.empty()) co_return Checked{Finding::wrong, "no name of a user"};
    login::Question question{user, password.clone(), client.to_string()};
    login::Answer answer = co_await helpers_->ask(loop, std::move(question), cancel);
    switch (answer.outcome) {
      case login::Outcome::right:
        guard_.remember(user, password, kGeneration);
        co_return Checked{Finding::right, std::move(answer.reason)};
      case login::Outcome::wrong:
        co_return Checked{Finding::wrong, std::move(answer.reason)};
      case login::Outcome::unavailable:
        break;
    }
    co_return Checked{Finding::unavailable, std::move(answer.reason)};
  }

  PasswordGuard guard_;
  std::unique_ptr<login::LoginHelpers> helpers_;
};

}  // namespace

Result<std::shared_ptr<PasswordAuthenticator>> make_directory_authenticator(
    const AuthSettings& settings) {
  auto helpers = login::LoginHelpers::create(settings.helpers);
  if (!helpers) return fail(helpers.error().kind, "auth.helpers: " + helpers.error().text);
  auto made = std::make_shared<DirectoryAuthenticator>(settings, std::move(*helpers));
  if (auto usable = made->usable(); !usable) return std::unexpected(std::move(usable.error()));
  return std::shared_ptr<PasswordAuthenticator>(std::move(made));
}

}  // namespace sekisho::auth
