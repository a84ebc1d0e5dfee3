#include "gateway/upstream/health.h"

namespace sekisho::upstream {

Health::Meters& Health::meters(const Upstream& upstream) {
  const auto found = meters_.find(upstream.name);
  if (found != meters_.end()) return found->second;
  const Metrics::Labels labels{{"upstream", upstream.name}};
  return meters_
      .emplace(
          upstream.name,
          Meters{
              metrics_.counter("upstream_connections_opened_total",
                               "Connections opened to an upstream.", labels),
              metrics_.counter("upstream_connect_failures_total",
                               "Connections to an upstream that could not be opened.", labels),
              metrics_.counter("upstream_tls_resumed_total",
                               "Connections whose TLS session was resumed.", labels),
              metrics_.gauge("upstream_breaker_open",
                             "1 while an upstream is skipped because it keeps failing.", labels)})
      .first->second;
}

Gauge& Health::check_ok(const Upstream& upstream) {
  return metrics_.gauge("upstream_check_ok",
                        "1 when the last health check of an upstream passed, 0 when it failed.",
                        {{"upstream", upstream.name}});
}

void Health::connected(Upstream& upstream, const SmtpClient& client) {
  Meters& count = meters(upstream);
  count.opened.add();
  if (client.tls() != nullptr && client.tls()->resumed) count.resumed.add();
  upstream.breaker->connected();
  heard(upstream, client);
  count.breaker_open.set(0);  // also when a reload brought a new breaker for this name
}

void Health::heard(Upstream& upstream, const SmtpClient& client) {
  upstream.last_hello.remember(Offer(client.capabilities(), client.tls_verified()));
  // Said once, and again after it was well in between: not once for each connection.
  const bool noted = !client.note().empty();
  if (!upstream.noted.exchange(noted) && noted)
    log_.write(LogLine("upstream_in_plain", LogLevel::warning)
                   .add("upstream", upstream.name)
                   .add("reason", client.note()));
}

Breaker::Failure Health::refused_login(Upstream& upstream, const Error& why) {
  if (!upstream.logins->take_news()) return Breaker::Failure::connecting;
  log_.write(LogLine("upstream_login_refused", LogLevel::error)
                 .add("upstream", upstream.name)
                 .add("user", upstream.settings.login.user)
                 .add_ms("retry_after_ms", upstream.settings.login.refused_pause)
                 .add("reason", why.text));
  return Breaker::Failure::final;
}

void Health::connect_failed(Upstream& upstream, const Error& why, TimePoint now) {
  if (why.kind == ErrorKind::limit) return;  // it is we who have nothing left to connect with
  meters(upstream).failures.add();
  failed(upstream, why, now, refused_login(upstream, why));
}

void Health::worked(Upstream& upstream, TimePoint now) { upstream.checks.worked(now); }

void Health::given_back(Upstream& upstream, const SmtpClient& client) {
  const bool refused = !client.forward_refused().empty();
  if (!upstream.xforward_refused.exchange(refused) && refused)
    log_.write(LogLine("upstream_refuses_xforward", LogLevel::warning)
                   .add("upstream", upstream.name)
                   .add("reason", client.forward_refused()));
}

void Health::served(Upstream& upstream) {
  if (!upstream.breaker->succeeded()) return;
  log_.write(LogLine("upstream_up").add("upstream", upstream.name));
}

void Health::check_passed(Upstream& upstream, const SmtpClient& client, TimePoint now) {
  heard(upstream, client);
  check_ok(upstream).set(1);
  if (upstream.checks.passed(now, upstream.breaker->open()) != CheckState::News::up) return;
  const bool ended = upstream.breaker->answers();
  meters(upstream).breaker_open.set(0);
  if (ended) log_.write(LogLine("upstream_up").add("upstream", upstream.name).add("by", "check"));
}

void Health::check_failed(Upstream& upstream, const Error& why, TimePoint now) {
  if (why.kind == ErrorKind::limit) return upstream.checks.abandoned(now);
  check_ok(upstream).set(0);
  Breaker::Failure what = refused_login(upstream, why);
  if (upstream.checks.failed(now) == CheckState::News::down) what = Breaker::Failure::final;
  // One failed check of an upstream that mail goes to is no more than a doubt.
  if (what != Breaker::Failure::final && !upstream.breaker->open()) return;
  failed(upstream, why, now, what);
  upstream.breaker->hold(now + upstream.checks.horizon());
}

void Health::dropped(Upstream& upstream, const Error& why, TimePoint now) {
  switch (why.kind) {
    case ErrorKind::io:
    case ErrorKind::closed:
    case ErrorKind::timeout:
    case ErrorKind::protocol:
      return failed(upstream, why, now, Breaker::Failure::work);
    case ErrorKind::invalid:
    case ErrorKind::cancelled:
    case ErrorKind::unavailable:
    case ErrorKind::limit:
      return;
  }
}

void Health::failed(Upstream& upstream, const Error& why, TimePoint now, Breaker::Failure what) {
  const bool news = upstream.breaker->failed(now, what);
  meters(upstream).breaker_open.set(upstream.breaker->open() ? 1 : 0);
  if (!news) return;
  LogLine line("upstream_down", LogLevel::warning);
  line.add("upstream", upstream.name);
  if (what != Breaker::Failure::final) line.add("failures", upstream.settings.breaker_failures);
  log_.write(line.add_ms("retry_after_ms", upstream.settings.breaker_pause)
                 .add("kind", to_string(why.kind))
                 .add("reason", why.text));
}

}  // namespace sekisho::upstream
