#include "gateway/auth/throttle.h"

#include <algorithm>
#include <functional>

namespace sekisho::auth {

void ThrottleSettings::visit(SettingsVisitor& v) {
  v.field("first_delay", first_delay,
          "How long the answer waits after a client's first failed log-in; doubles with each "
          "further one.");
  v.field("max_delay", max_delay,
          "The longest such wait. Failures from elsewhere on the same account slow its log-ins by "
          "2 s at most.");
  v.field("max_failures_per_client", max_failures_per_client,
          "After so many failures a client (an IPv4 address or an IPv6 /64) gets 454 without its "
          "password being looked at, until `window` has passed without a further one.",
          1);
  v.field("window", window, "Failures are forgotten after this long without a further one.");
  if (max_delay < first_delay) v.error("max_delay", "max_delay is shorter than first_delay");
}

Throttle::Throttle(const ThrottleSettings& settings, std::size_t max_records)
    : settings_(settings), clients_(max_records), accounts_(max_records) {}

Throttle::AccountKey Throttle::account_key(std::string_view user) {
  return std::hash<std::string_view>{}(user);
}

bool Throttle::over(const Record& record, TimePoint now) const {
  return now - record.last >= settings_.window;
}

Duration Throttle::delay_after(std::int64_t failures) const {
  Duration delay = failures > 0 ? Duration(settings_.first_delay) : Duration::zero();
  for (std::int64_t i = 1; i < failures && delay < settings_.max_delay; ++i) {
    if (delay == Duration::zero()) break;
    delay *= 2;
  }
  return std::min<Duration>(delay, settings_.max_delay);
}

void Throttle::expire(TimePoint now) {
  // Both maps are in the order of the last failure.
  const auto is_over = [this, now](const Record& record) { return over(record, now); };
  clients_.drop_while(is_over);
  accounts_.drop_while(is_over);
}

Throttle::Advice Throttle::ask(const IpAddress& client, std::string_view user, TimePoint now) {
  const std::lock_guard lock(mutex_);
  expire(now);
  Advice advice;
  if (const Record* record = clients_.find(client.client_key())) {
    advice.refuse = record->failures >= settings_.max_failures_per_client;
    advice.client_delay = delay_after(record->failures);
  }
  advice.delay = advice.client_delay;
  if (user.empty()) return advice;
  if (const Record* record = accounts_.find(account_key(user))) {
    advice.delay =
        std::max(advice.delay, std::min(delay_after(record->failures), kMaxAccountDelay));
  }
  return advice;
}

void Throttle::failed(const IpAddress& client, std::string_view user, TimePoint now) {
  const std::lock_guard lock(mutex_);
  expire(now);
  const std::optional<AccountKey> account =
      user.empty() ? std::nullopt : std::optional(account_key(user));
  Record& from = clients_.renew(client.client_key());
  from.only_account = from.failures == 0 || from.only_account == account ? account : std::nullopt;
  ++from.failures;
  from.last = now;
  if (!account) return;
  Record& on = accounts_.renew(*account);
  ++on.failures;
  on.last = now;
}

void Throttle::succeeded(const IpAddress& client, std::string_view user) {
  const std::lock_guard lock(mutex_);
  const AccountKey account = account_key(user);
  accounts_.erase(account);
  const Record* record = clients_.find(client.client_key());
  if (record != nullptr && record->only_account == account) clients_.erase(client.client_key());
}

std::size_t Throttle::records() {
  const std::lock_guard lock(mutex_);
  return clients_.size() + accounts_.size();
}

}  // namespace sekisho::auth
