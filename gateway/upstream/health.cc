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
              metrics_.gauge("upstream_breaker_open",
                             "1 while an upstream is skipped because it keeps failing.", labels)})
      .first->second;
}

void Health::connected(Upstream& upstream, const SmtpClient& client) {
  Meters& count = meters(upstream);
  count.opened.add();
  upstream.breaker->connected();
  upstream.last_hello.remember(Offer(client.capabilities(), client.tls_verified()));
  count.breaker_open.set(0);  // also when a reload brought a new breaker for this name
  // Said once, and again after it was well in between: not once for each connection.
  const bool noted = !client.note().empty();
  if (!upstream.noted.exchange(noted) && noted)
    log_.write(LogLine("upstream_in_plain", LogLevel::warning)
                   .add("upstream", upstream.name)
                   .add("reason", client.note()));
}

void Health::connect_failed(Upstream& upstream, const Error& why, TimePoint now) {
  if (why.kind == ErrorKind::limit) return;  // it is we who have nothing left to connect with
  meters(upstream).failures.add();
  const bool denied = upstream.logins->take_news();
  if (denied)
    log_.write(LogLine("upstream_login_refused", LogLevel::error)
                   .add("upstream", upstream.name)
                   .add("user", upstream.settings.login.user)
                   .add_ms("retry_after_ms", upstream.settings.login.refused_pause)
                   .add("reason", why.text));
  failed(upstream, why, now, denied);
}

void Health::served(Upstream& upstream) {
  if (!upstream.breaker->succeeded()) return;
  log_.write(LogLine("upstream_up").add("upstream", upstream.name));
}

void Health::dropped(Upstream& upstream, const Error& why, TimePoint now) {
  switch (why.kind) {
    case ErrorKind::io:
    case ErrorKind::closed:
    case ErrorKind::timeout:
    case ErrorKind::protocol:
      return failed(upstream, why, now);
    case ErrorKind::invalid:
    case ErrorKind::cancelled:
    case ErrorKind::unavailable:
    case ErrorKind::limit:
      return;
  }
}

void Health::failed(Upstream& upstream, const Error& why, TimePoint now, bool at_once) {
  const bool news = upstream.breaker->failed(now, at_once);
  meters(upstream).breaker_open.set(upstream.breaker->open() ? 1 : 0);
  if (!news) return;
  log_.write(LogLine("upstream_down", LogLevel::warning)
                 .add("upstream", upstream.name)
                 .add("failures", upstream.settings.breaker_failures)
                 .add_ms("retry_after_ms", upstream.settings.breaker_pause)
                 .add("kind", to_string(why.kind))
                 .add("reason", why.text));
}

}  // namespace sekisho::upstream
