#include "gateway/upstream/hello_probe.h"

#include <algorithm>
#include <utility>

#include "gateway/upstream/connection_slot.h"
#include "gateway/upstream/smtp_client.h"

namespace sekisho::upstream {
namespace {

constexpr Duration kLongestPause = 5min;
// For all of it: names, connection, greeting, TLS, EHLO, log-in.
constexpr Duration kPatience = 2min;

}  // namespace

HelloProbe::HelloProbe(Loop& loop, NameResolver& resolver, Offload& offload, Log& log,
                       Duration first_pause)
    : loop_(loop), resolver_(resolver), offload_(offload), log_(log), first_pause_(first_pause) {}

void HelloProbe::ask(const Upstreams& upstreams) {
  if (round_) round_->cancel();
  if (stopped_) return;
  round_ = std::make_shared<CancelSource>();
  for (const auto& upstream : upstreams)
    if (!upstream->last_hello.offer()) spawn(ask_until_answered(round_, upstream));
}

Task<void> HelloProbe::stop() {
  stopped_ = true;
  if (round_) round_->cancel();
  CancelSource never;
  while (asked_ > 0) (void)co_await ended_.wait(loop_, Deadline::never(), never);
}

Task<void> HelloProbe::ask_until_answered(std::shared_ptr<CancelSource> round,
                                          std::shared_ptr<Upstream> upstream) {
  ++asked_;
  bool told = false;
  Duration pause = first_pause_;
  while (!round->cancelled() && !upstream->last_hello.offer()) {
    auto answered = co_await ask_once(upstream, *round);
    if (answered || round->cancelled()) break;
    if (!std::exchange(told, true))
      log_.write(LogLine("upstream_unknown")
                     .add("upstream", upstream->name)
                     .add("reason", answered.error().text));
    // Woken by time or by the end.
    (void)co_await loop_.sleep_until(Deadline::in(pause), *round);
    pause = std::min(pause * 2, kLongestPause);
  }
  --asked_;
  ended_.notify();
}

Task<Result<void>> HelloProbe::ask_once(const std::shared_ptr<Upstream>& upstream,
                                        CancelSource& round) {
  const auto slot = ConnectionSlot::take(upstream, {});
  if (!slot) co_return fail(ErrorKind::unavailable, "all of its connections are in use");
  auto client = co_await SmtpClient::connect(loop_, resolver_, offload_, *upstream,
                                             Deadline::in(kPatience), round);
  if (!client) co_return std::unexpected(std::move(client.error()));
  upstream->last_hello.remember(Offer((*client)->capabilities(), (*client)->tls_verified()));
  co_await (*client)->quit();
  co_return Result<void>{};
}

}  // namespace sekisho::upstream
