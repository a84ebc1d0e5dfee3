#include "gateway/upstream/checks.h"

#include <algorithm>
#include <utility>

#include "gateway/upstream/smtp_client.h"

namespace sekisho::upstream {
namespace {

// A breaker that opens meanwhile, and mail that ends, change what is due.
constexpr Duration kLookAtMost = 1s;
constexpr Duration kLookAtLeast = 5ms;

}  // namespace

HealthChecks::HealthChecks(Loop& loop, Health& health, Spawner spawner)
    : health_(health), spawner_(std::move(spawner)), timer_(loop, [this] { look(); }) {}

void HealthChecks::watch(const Upstreams& upstreams) {
  if (stopped_) return;
  upstreams_ = upstreams;
  timer_.fire();
}

void HealthChecks::stop() {
  stopped_ = true;
  upstreams_.clear();
  timer_.stop();
}

void HealthChecks::look() {
  const TimePoint now = Clock::now();
  for (const auto& upstream : upstreams_) {
    if (!upstream->checks.claim(now, upstream->breaker->open())) continue;
    // None free: they carry mail, or wait for it, and who has none to spare is not asked for one
    // more than it allows.
    auto slot = ConnectionSlot::take(upstream, {});
    if (!slot) {
      upstream->checks.abandoned(now);
      continue;
    }
    // While we ask, no client has to find out.
    upstream->breaker->hold(now + upstream->checks.horizon());
    spawner_(upstream, std::move(*slot));
  }
  arm();
}

void HealthChecks::arm() {
  if (stopped_) return;
  Deadline next = Deadline::never();
  for (const auto& upstream : upstreams_)
    next = next.or_sooner(upstream->checks.due(upstream->breaker->open()));
  const bool any = std::ranges::any_of(
      upstreams_, [](const auto& one) { return one->settings.health_check.count() > 0; });
  if (!any) return;
  timer_.start(std::clamp(next.remaining(Clock::now()), kLookAtLeast, kLookAtMost));
}

Task<void> HealthChecks::check(Loop& loop, NameResolver& resolver, Offload& offload,
                               std::shared_ptr<Upstream> upstream, ConnectionSlot slot,
                               CancelSource& cancel) {
  const ConnectionSlot held = std::move(slot);
  const Deadline deadline = Deadline::in(upstream->settings.health_timeout);
  auto client =
      co_await SmtpClient::connect(loop, resolver, offload, *upstream, nullptr, deadline, cancel);
  if (cancel.cancelled()) {
    upstream->checks.abandoned(Clock::now());
    co_return;
  }
  if (!client) {
    health_.check_failed(*upstream, client.error(), Clock::now());
    co_return;
  }
  health_.check_passed(*upstream, **client, Clock::now());
  SmtpClient* const leaving = client->get();
  const CancelSource::Registration registration(cancel, [leaving] { leaving->cancel(); });
  co_await leaving->quit();
}

}  // namespace sekisho::upstream
