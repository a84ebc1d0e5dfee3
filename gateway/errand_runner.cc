#include "gateway/errand_runner.h"

#include <exception>
#include <utility>

#include <fmt/format.h>

#include "gateway/base/thread.h"
#include "gateway/delivery.h"
#include "gateway/notice.h"

namespace sekisho {
namespace {

// For one notice, from the connection to the answer after its dot.
constexpr auto kBound = 2min;

Counter& notices(Metrics& metrics, const char* result) {
  return metrics.counter("notices_total", "Mails that filters had sent to somebody of ours",
                         {{"result", result}});
}

}  // namespace

ErrandRunner::ErrandRunner(const Services& services)
    : services_(services),
      pool_(loop_, services.resolver, services.offload, services.log, services.metrics) {
  thread_ = std::thread([this] {
    enter_background_thread("errands");
    loop_.run();
  });
}

ErrandRunner::~ErrandRunner() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    waiting_.clear();
  }
  loop_.post([this] { spawn(stop()); });
  thread_.join();
}

Task<void> ErrandRunner::stop() {
  CancelSource never;
  cancel_.cancel();
  pool_.shut_down();
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      if (!sending_) break;
    }
    (void)co_await idle_.wait(loop_, Deadline::never(), never);
  }
  (void)co_await pool_.wait_quiet(Deadline::never(), never);
  loop_.stop();
}

void ErrandRunner::adopt(std::shared_ptr<const Snapshot> snapshot) {
  const std::lock_guard lock(mutex_);
  snapshot_ = std::move(snapshot);
}

void ErrandRunner::notify(filters::Notice notice) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || waiting_.size() >= kMaxWaiting) {
    report(notice, fail(ErrorKind::limit, "too many notices wait"));
    return;
  }
  waiting_.push_back(std::move(notice));
  if (!std::exchange(sending_, true)) loop_.post([this] { spawn(send_all()); });
}

void ErrandRunner::suspend(filters::Suspension suspension) {
  const auto now = std::chrono::system_clock::now();
  services_.suspensions.add(suspension, now);
  services_.metrics
      .counter("suspensions_total", "Users and clients that a filter suspended for a while")
      .add();
  services_.log.write(
      LogLine("suspended", LogLevel::warning)
          .add("whom", suspension.whom)
          .add("minutes", std::chrono::ceil<std::chrono::minutes>(suspension.time).count())
          .add("why", suspension.why)
          .add("id", suspension.id));
  if (save_due_.exchange(true)) return;  // that one will have it too
  loop_.post([this] {
    save_due_ = false;
    const auto now = std::chrono::system_clock::now();
    if (const auto saved = services_.suspensions.save(now); !saved)
      services_.log.write(
          LogLine("suspensions_not_saved", LogLevel::error).add("what", saved.error().text));
  });
}

Task<void> ErrandRunner::send_all() {
  while (true) {
    filters::Notice notice;
    std::shared_ptr<const Snapshot> snapshot;
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.empty()) {
        sending_ = false;
        break;
      }
      notice = std::move(waiting_.front());
      waiting_.erase(waiting_.begin());
      snapshot = snapshot_;
    }
    Result<std::string> sent = fail(ErrorKind::unavailable, "no configuration is in force yet");
    try {
      if (snapshot) sent = co_await send(notice, *snapshot);
    } catch (const std::exception& exception) {
      sent = fail(ErrorKind::invalid, exception.what());
    }
    report(notice, sent);
  }
  idle_.notify();
}

Task<Result<std::string>> ErrandRunner::send(const filters::Notice& notice,
                                             const Snapshot& snapshot) {
  auto to = smtp::parse_mailbox(notice.to);
  if (!to) co_return std::unexpected(std::move(to.error()));
  auto grant = snapshot.gate->decide({.policy = {.by_local_domain = true},
                                      .authenticated_user = {},
                                      .client = {},
                                      .client_is_known = false,
                                      .recipient = *to});
  if (!grant) co_return fail(ErrorKind::invalid, "is in no domain of ours (relay.domains)");
  const auto* route =
      snapshot.routes->find({.listener = {}, .user = {}, .sender = nullptr, .recipient = *to});
  if (route == nullptr) co_return fail(ErrorKind::invalid, "no route takes it");

  const auto now = std::chrono::system_clock::now();
  mail::Envelope envelope;
  envelope.id = fmt::format("notice-{:x}-{}", now.time_since_epoch().count(), ++sent_);
  Delivery delivery(pool_, cancel_);
  const smtp::Reply asked = co_await delivery.add_recipient(
      envelope, upstream::Recipient(std::move(*grant)), route->upstreams);
  if (!asked.positive()) co_return fail(ErrorKind::unavailable, asked.summary());
  envelope.recipients.push_back(*to);
  const NoticeMessage message =
      notice_message(notice, snapshot.settings.hostname, envelope.id, now);
  mail::Spool body(loop_, services_.offload, snapshot.spool);
  if (auto stored = co_await body.append(message.body); !stored)
    co_return std::unexpected(std::move(stored.error()));
  const auto outcome =
      co_await delivery.hand_over(envelope, message.header_section, body, Deadline::in(kBound));
  co_await body.discard();
  if (const auto* refused = std::get_if<smtp::Reply>(&outcome))
    co_return fail(ErrorKind::unavailable, refused->summary());
  co_return std::get<Acceptances>(outcome).front().reply().summary();
}

void ErrandRunner::report(const filters::Notice& notice, const Result<std::string>& sent) {
  notices(services_.metrics, sent ? "sent" : "failed").add();
  LogLine line(sent ? "notice" : "notice_failed", sent ? LogLevel::info : LogLevel::warning);
  line.add("to", notice.to).add("subject", notice.subject).add("id", notice.id);
  if (sent)
    line.add("reply", *sent);
  else
    line.add("why", sent.error().text).add("text", notice.text);
  services_.log.write(line);
}

}  // namespace sekisho
