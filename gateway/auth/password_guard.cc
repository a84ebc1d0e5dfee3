#include "gateway/auth/password_guard.h"

#include <utility>

#include "gateway/auth/users_file.h"

namespace sekisho::auth {
namespace {

constexpr std::size_t kMaxRemembered = 10'000;

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

Verdict throttled() {
  return {Verdict::Kind::throttled, {}, "too many failed log-ins from this client"};
}
Verdict cancelled() { return {Verdict::Kind::unavailable, {}, "the session ended"}; }

}  // namespace

PasswordGuard::PasswordGuard(const AuthSettings& settings)
    : remembers_(settings.remember.count() > 0),
      cache_(settings.remember, kMaxRemembered),
      throttle_(settings.throttle) {}

Result<void> PasswordGuard::usable() const {
  if (!remembers_ || cache_.usable()) return {};
  return fail(ErrorKind::unavailable, "auth.remember: " + cache_.usable().error().text +
                                          "; allow one (LimitMEMLOCK) or set remember = \"0s\"");
}

bool PasswordGuard::knows(const std::string& user, const Secret& password,
                          std::uint64_t generation) {
  return cache_.knows(user, password, generation, Clock::now());
}

void PasswordGuard::remember(const std::string& user, const Secret& password,
                             std::uint64_t generation) {
  cache_.remember(user, password, generation, Clock::now());
}

Task<Verdict> PasswordGuard::verify(Loop& loop, const smtp::Credentials& credentials,
                                    const IpAddress& client, CancelSource& cancel,
                                    std::uint64_t generation, Check check) {
  if (cancel.cancelled()) co_return cancelled();
  const std::string user = identity_of(credentials);

  // Before everything else, the cache too: a client that is refused must not go on guessing there,
  // where a guess costs it nothing.
  const Throttle::Advice advice = throttle_.ask(client, user, Clock::now());
  if (advice.refuse) co_return throttled();
  if (!user.empty() && knows(user, credentials.password, generation))
    // Only with what this client earned: guessers elsewhere don't slow an owner who is known.
    co_return co_await tell(loop, {Verdict::Kind::accepted, user, "remembered"},
                            advice.client_delay, cancel);
  Checked checked = co_await check(user);
  co_return co_await conclude(loop, user, client, cancel, advice, std::move(checked));
}

bool PasswordGuard::admits(const IpAddress& client, const std::string& user) {
  return !throttle_.ask(client, user, Clock::now()).refuse;
}

Task<Verdict> PasswordGuard::settle(Loop& loop, std::string user, const IpAddress& client,
                                    CancelSource& cancel, Checked checked) {
  if (cancel.cancelled()) co_return cancelled();
  const Throttle::Advice advice = throttle_.ask(client, user, Clock::now());
  if (advice.refuse) co_return throttled();
  co_return co_await conclude(loop, std::move(user), client, cancel, advice, std::move(checked));
}

Task<Verdict> PasswordGuard::conclude(Loop& loop, std::string user, const IpAddress& client,
                                      CancelSource& cancel, Throttle::Advice before,
                                      Checked checked) {
  if (checked.finding == Finding::unavailable)
    co_return Verdict{Verdict::Kind::unavailable, {}, std::move(checked.reason)};
  if (checked.finding == Finding::right && !user.empty()) {
    throttle_.succeeded(client, user);
    co_return co_await tell(loop,
                            {Verdict::Kind::accepted, std::move(user), std::move(checked.reason)},
                            before.delay, cancel);
  }
  const auto now = Clock::now();
  throttle_.failed(client, user, now);
  co_return co_await tell(loop, {Verdict::Kind::wrong, {}, std::move(checked.reason)},
                          throttle_.ask(client, user, now).delay, cancel);
}

Task<Verdict> PasswordGuard::tell(Loop& loop, Verdict verdict, Duration delay,
                                  CancelSource& cancel) {
  if (cancel.cancelled()) co_return cancelled();
  if (delay > Duration::zero()) {
    const auto slept = co_await loop.sleep_until(Deadline::in(delay), cancel);
    if (!slept) co_return cancelled();
  }
  co_return verdict;
}

}  // namespace sekisho::auth
