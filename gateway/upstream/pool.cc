#include "gateway/upstream/pool.h"

#include <algorithm>
#include <map>
#include <random>
#include <tuple>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "gateway/upstream/checks.h"
#include "gateway/upstream/health.h"
#include "gateway/upstream/upstream_side.h"

namespace sekisho::upstream {
namespace {

using Sides = std::vector<std::shared_ptr<UpstreamSide>>;

// How often the first in line looks whether another loop gave a connection back.
constexpr auto kLookAgain = 50ms;
// An upstream that takes longer to answer RSET costs more than a new connection.
constexpr auto kResetWait = 5s;
// Idle connections are looked at so often: closed by their peer, wanted by another loop.
constexpr Duration kSweepAtMost = 1s;
constexpr Duration kSweepAtLeast = 5ms;

Error left_alone(const Upstream& upstream) {
  return {ErrorKind::unavailable,
          fmt::format("{} is left alone for a while: its connections fail", upstream.name)};
}

}  // namespace

struct Pool::Impl : std::enable_shared_from_this<Pool::Impl> {
  Impl(Loop& on, NameResolver& names, Offload& workers, Log& log, Metrics& metrics)
      : loop(on),
        resolver(names),
        offload(workers),
        health(log, metrics),
        sweeper(on, [this] { sweep(); }),
        checks(on, health, [this](std::shared_ptr<Upstream> upstream, ConnectionSlot slot) {
          spawn(check(shared_from_this(), std::move(upstream), std::move(slot)));
        }) {}

  // Counts a coroutine of the pool while it lives.
  struct UnderWay {
    explicit UnderWay(Impl& owner) : pool(owner) { ++pool.under_way; }
    ~UnderWay() {
      if (--pool.under_way == 0) pool.became_quiet.notify();
    }
    UnderWay(const UnderWay&) = delete;
    UnderWay& operator=(const UnderWay&) = delete;
    Impl& pool;
  };

  static Task<Result<Lease>> lease(std::shared_ptr<Impl> self, const Upstreams& upstreams,
                                   const std::vector<std::string>& passed_over, bool fresh_only,
                                   Deadline deadline, CancelSource& cancel,
                                   const mail::Peer* client);
  Task<Result<Lease>> lease_from(Sides group, bool fresh_only, Deadline deadline,
                                 CancelSource& cancel, const mail::Peer* client);
  Task<Result<Lease>> open(std::shared_ptr<UpstreamSide> side, ConnectionSlot slot,
                           Deadline deadline, CancelSource& cancel, const mail::Peer* client);
  static Task<void> reset(std::shared_ptr<Impl> self, Lease lease);
  static Task<void> check(std::shared_ptr<Impl> self, std::shared_ptr<Upstream> upstream,
                          ConnectionSlot slot);
  static Task<void> say_goodbye(std::shared_ptr<Impl> self, Lease lease);

  std::shared_ptr<UpstreamSide> side_of(const std::shared_ptr<Upstream>& upstream);
  std::vector<Sides> by_priority(const Upstreams& upstreams,
                                 const std::vector<std::string>& passed_over);
  void give_back(Lease lease);
  void drop(Lease lease, const Error& why);
  void close(Lease lease);
  void close_all(std::vector<Lease> leases);
  void arm_sweeper();
  void sweep();
  void forget_unused();
  void shut_down();
  double chance() { return std::uniform_real_distribution<double>()(random); }

  Loop& loop;
  NameResolver& resolver;
  Offload& offload;
  Health health;
  std::map<const Upstream*, std::shared_ptr<UpstreamSide>> sides;  // each keeps its Upstream
  std::unordered_set<SmtpClient*> parting;                         // saying RSET or QUIT
  std::size_t under_way = 0;
  Event became_quiet;
  CancelSource stopping;
  Timer sweeper;
  bool sweeper_armed = false;
  HealthChecks checks;
  std::minstd_rand random{std::random_device{}()};
};

std::shared_ptr<UpstreamSide> Pool::Impl::side_of(const std::shared_ptr<Upstream>& upstream) {
  auto& side = sides[upstream.get()];
  if (!side) side = std::make_shared<UpstreamSide>(upstream);
  return side;
}

// Nobody makes up for more than a turn: one that was away, or is new, gets its share from now on.
void limit_arrears(const Sides& sides) {
  double most = 0;
  for (const auto& side : sides) most = std::max(most, side->served);
  for (const auto& side : sides) side->served = std::max(side->served, most - 1.0);
}

// Within a priority, who had the least for its weight comes first.
std::vector<Sides> Pool::Impl::by_priority(const Upstreams& upstreams,
                                           const std::vector<std::string>& passed_over) {
  Sides all;
  for (const auto& upstream : upstreams)
    if (std::ranges::find(passed_over, upstream->name) == passed_over.end())
      all.push_back(side_of(upstream));
  limit_arrears(all);
  std::ranges::sort(all, {}, [](const std::shared_ptr<UpstreamSide>& side) {
    const Upstream& upstream = *side->upstream();
    return std::tuple(upstream.settings.priority, side->served, std::string_view(upstream.name));
  });
  std::vector<Sides> groups;
  for (auto& side : all) {
    const std::int64_t priority = side->upstream()->settings.priority;
    if (groups.empty() || groups.back().front()->upstream()->settings.priority != priority)
      groups.emplace_back();
    groups.back().push_back(std::move(side));
  }
  return groups;
}

Task<Result<Lease>> Pool::Impl::lease(std::shared_ptr<Impl> self, const Upstreams& upstreams,
                                      const std::vector<std::string>& passed_over, bool fresh_only,
                                      Deadline deadline, CancelSource& cancel,
                                      const mail::Peer* client) {
  const UnderWay counted(*self);
  if (cancel.cancelled() || self->stopping.cancelled())
    co_return fail(ErrorKind::cancelled, "cancelled");
  CancelSource either;
  const CancelSource::Registration by_caller(cancel, [&] { either.cancel(); });
  const CancelSource::Registration by_pool(self->stopping, [&] { either.cancel(); });
  Error last{ErrorKind::unavailable, upstreams.empty() ? "no upstream is configured"
                                                       : "every upstream failed this message"};
  for (auto& group : self->by_priority(upstreams, passed_over)) {
    auto leased = co_await self->lease_from(std::move(group), fresh_only, deadline, either, client);
    if (leased || leased.error().kind == ErrorKind::cancelled) co_return std::move(leased);
    last = {ErrorKind::unavailable, std::move(leased.error().text)};
    if (deadline.passed(Clock::now())) break;
  }
  co_return std::unexpected(std::move(last));
}

Task<Result<Lease>> Pool::Impl::lease_from(Sides group, bool fresh_only, Deadline deadline,
                                           CancelSource& cancel, const mail::Peer* client) {
  Error last{ErrorKind::unavailable, "no upstream"};
  Waiter waiter(fresh_only);
  while (true) {
    // One round: an idle connection, or a slot to open one, from whoever has it.
    std::shared_ptr<UpstreamSide> chosen;
    std::optional<ConnectionSlot> slot;
    for (const auto& side : Sides(group)) {
      const Upstream& upstream = *side->upstream();
      if (upstream.checks.failing()) {
        side->close_idle();
        if (upstream.breaker->skips(Clock::now())) {
          last = left_alone(upstream);
          std::erase(group, side);
          continue;
        }
      } else if (!fresh_only) {
        std::vector<Lease> spent;
        auto idle = side->take_idle(Clock::now(), spent);
        close_all(std::move(spent));
        if (idle) {
          side->take_turn();
          co_return std::move(*idle);
        }
      }
      if ((slot = side->slot_for(waiter))) {
        chosen = side;
        break;
      }
    }
    if (group.empty()) co_return std::unexpected(std::move(last));
    if (!chosen) {
      waiter.join(group);
      const Deadline look =
          waiter.ask_other_loops() ? deadline.or_sooner(Deadline::in(kLookAgain)) : deadline;
      auto woken = co_await waiter.woken().wait(loop, look, cancel);
      if (auto given = waiter.take()) {
        if (given->client && !cancel.cancelled()) co_return std::move(*given);
        if (given->client)
          give_back(std::move(*given));
        else
          chosen = side_of(given->upstream), slot = std::move(given->slot);
      }
      if (cancel.cancelled()) co_return fail(ErrorKind::cancelled, "cancelled");
      if (!chosen && deadline.passed(Clock::now()))
        co_return fail(ErrorKind::unavailable, fmt::format("all connections to {} are in use",
                                                           group.front()->upstream()->name));
      if (!chosen) continue;
    }
    waiter.leave();
    chosen->take_turn();
    auto opened = co_await open(chosen, std::move(*slot), deadline, cancel, client);
    if (opened || opened.error().kind == ErrorKind::cancelled) co_return std::move(opened);
    last = std::move(opened.error());
    std::erase(group, chosen);
    if (group.empty() || deadline.passed(Clock::now())) co_return std::unexpected(std::move(last));
  }
}

Task<Result<Lease>> Pool::Impl::open(std::shared_ptr<UpstreamSide> side, ConnectionSlot slot,
                                     Deadline deadline, CancelSource& cancel,
                                     const mail::Peer* client) {
  const std::shared_ptr<Upstream>& upstream = side->upstream();
  const TimePoint started = Clock::now();
  if (!upstream->breaker->try_acquire(started)) co_return std::unexpected(left_alone(*upstream));
  auto opened =
      co_await SmtpClient::connect(loop, resolver, offload, *upstream, client, deadline, cancel);
  if (opened) {
    health.connected(*upstream, **opened);
    const Lifetime lifetime = Lifetime::draw(upstream->settings, Clock::now(), chance());
    co_return Lease{upstream, std::move(slot), std::move(*opened), true, lifetime};
  }
  Error why = std::move(opened.error());
  if (why.kind == ErrorKind::cancelled) co_return std::unexpected(std::move(why));
  // What our own caller's patience cut short says nothing about the upstream.
  const TimePoint now = Clock::now();
  const bool cut_short =
      deadline.passed(now) && now - started < Duration(upstream->settings.connect_timeout);
  if (!cut_short) health.connect_failed(*upstream, why, now);
  co_return fail(ErrorKind::unavailable, fmt::format("{}: {}", upstream->name, why.text));
}

void Pool::Impl::give_back(Lease lease) {
  const std::shared_ptr<Upstream> upstream = lease.upstream;
  health.given_back(*upstream, *lease.client);
  if (lease.client->messages() > 0 || lease.client->in_step()) {
    health.worked(*upstream, Clock::now());
    if (lease.fresh) health.served(*upstream);
  }
  if (stopping.cancelled()) return;
  lease.client->set_bound(Deadline::never());
  if (!lease.client->reusable() || lease.client->bound_to_client() ||
      lease.lifetime.over(Clock::now(), lease.client->messages()))
    return close(std::move(lease));
  if (auto unwanted = side_of(upstream)->keep(std::move(lease), Clock::now()))
    return close(std::move(*unwanted));
  arm_sweeper();
}

void Pool::Impl::drop(Lease lease, const Error& why) {
  const std::shared_ptr<Upstream> upstream = lease.upstream;
  const bool fresh = lease.fresh;
  lease.client.reset();
  if (fresh) health.dropped(*upstream, why, Clock::now());
}

Task<void> Pool::Impl::reset(std::shared_ptr<Impl> self, Lease lease) {
  const UnderWay counted(*self);
  SmtpClient* const client = lease.client.get();
  self->parting.insert(client);
  client->set_bound(Deadline::in(kResetWait));
  const bool answered = co_await client->reset();
  self->parting.erase(client);
  if (answered || client->in_step())
    self->give_back(std::move(lease));
  else
    self->drop(std::move(lease), self->stopping.cancelled()
                                     ? Error{ErrorKind::cancelled, "cancelled"}
                                     : Error{ErrorKind::protocol, "RSET was not answered"});
}

void Pool::Impl::close(Lease lease) { spawn(say_goodbye(shared_from_this(), std::move(lease))); }

void Pool::Impl::close_all(std::vector<Lease> leases) {
  for (Lease& lease : leases) close(std::move(lease));
}

Task<void> Pool::Impl::check(std::shared_ptr<Impl> self, std::shared_ptr<Upstream> upstream,
                             ConnectionSlot slot) {
  const UnderWay counted(*self);
  co_await self->checks.check(self->loop, self->resolver, self->offload, std::move(upstream),
                              std::move(slot), self->stopping);
}

Task<void> Pool::Impl::say_goodbye(std::shared_ptr<Impl> self, Lease lease) {
  const UnderWay counted(*self);
  SmtpClient* const client = lease.client.get();
  self->parting.insert(client);
  co_await client->quit();
  self->parting.erase(client);
  lease.client.reset();
  lease = Lease{};
  self->forget_unused();
}

void Pool::Impl::arm_sweeper() {
  if (sweeper_armed) return;
  std::optional<TimePoint> next;
  for (const auto& [key, side] : sides)
    if (const auto expiry = side->next_expiry(); expiry && (!next || *expiry < *next))
      next = expiry;
  if (!next) return;
  sweeper_armed = true;
  sweeper.start(std::clamp(*next - Clock::now(), kSweepAtLeast, kSweepAtMost));
}

void Pool::Impl::sweep() {
  sweeper_armed = false;
  const TimePoint now = Clock::now();
  std::vector<Lease> spent;
  for (const auto& [key, side] : sides) side->sweep(now, spent);
  close_all(std::move(spent));  // after the loop: a goodbye may change `sides`
  forget_unused();
  arm_sweeper();
}

// An upstream that only we still know has left the configuration.
void Pool::Impl::forget_unused() {
  std::erase_if(sides, [](const auto& entry) {
    const auto& side = entry.second;
    return side.use_count() == 1 && side->unused() && side->upstream().use_count() == 1;
  });
}

void Pool::Impl::shut_down() {
  stopping.cancel();
  sweeper.stop();
  checks.stop();
  for (SmtpClient* client : parting) client->cancel();
  for (const auto& [key, side] : sides) side->close_idle();
}

Pool::Pool(Loop& loop, NameResolver& resolver, Offload& offload, Log& log, Metrics& metrics)
    : impl_(std::make_shared<Impl>(loop, resolver, offload, log, metrics)) {}

Pool::~Pool() { shut_down(); }

Task<Result<Lease>> Pool::lease(const Upstreams& upstreams,
                                const std::vector<std::string>& passed_over, bool fresh_only,
                                Deadline deadline, CancelSource& cancel, const mail::Peer* client) {
  return Impl::lease(impl_, upstreams, passed_over, fresh_only, deadline, cancel, client);
}

void Pool::give_back(Lease lease) { impl_->give_back(std::move(lease)); }

void Pool::reset_and_give_back(Lease lease) {
  const bool needed = lease.client->in_transaction() && lease.client->in_step();
  if (!needed || impl_->stopping.cancelled()) return impl_->give_back(std::move(lease));
  spawn(Impl::reset(impl_, std::move(lease)));
}

void Pool::drop(Lease lease, const Error& why) { impl_->drop(std::move(lease), why); }

void Pool::watch(const Upstreams& upstreams) { impl_->checks.watch(upstreams); }

void Pool::shut_down() { impl_->shut_down(); }

bool Pool::crowded() const {
  return std::ranges::any_of(impl_->sides,
                             [](const auto& side) { return side.second->waited_for(); });
}

bool Pool::quiet() const { return impl_->under_way == 0; }

Task<Result<void>> Pool::wait_quiet(Deadline deadline, CancelSource& cancel) {
  while (!quiet()) {
    auto waited = co_await impl_->became_quiet.wait(impl_->loop, deadline, cancel);
    if (!waited) co_return waited;
  }
  co_return Result<void>{};
}

std::size_t Pool::idle_connections() const {
  std::size_t count = 0;
  for (const auto& [key, side] : impl_->sides) count += side->idle();
  return count;
}

}  // namespace sekisho::upstream
