// UpstreamSide: what one loop's pool keeps of one upstream: its idle connections, newest last, and
// the line of those who wait for a connection. Owned by the pool; one loop.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "gateway/async/loop.h"
#include "gateway/upstream/lease.h"

namespace sekisho::upstream {

class UpstreamSide;

// One who waits, in the line of one upstream or of several of equal priority, and what it is given:
// a connection, or a slot to open one with. Leaves its lines when it is given something, or dies.
class Waiter {
 public:
  explicit Waiter(bool fresh_only) : fresh_only_(fresh_only) {}
  ~Waiter() { leave(); }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  void join(const std::vector<std::shared_ptr<UpstreamSide>>& sides);
  void leave();
  void give(Lease lease);
  void look_again() { woken_.notify(); }

  [[nodiscard]] bool fresh_only() const { return fresh_only_; }
  // Where it is first in line, asks the other loops to give up an idle connection. False: it is
  // first nowhere, and has only to wait.
  bool ask_other_loops();
  [[nodiscard]] Event& woken() { return woken_; }
  [[nodiscard]] std::optional<Lease> take() { return std::exchange(given_, std::nullopt); }

 private:
  using Place = std::pair<std::shared_ptr<UpstreamSide>, std::list<Waiter*>::iterator>;
  bool fresh_only_;
  Event woken_;
  std::optional<Lease> given_;
  std::vector<Place> places_;
};

class UpstreamSide : public SlotHeir, public std::enable_shared_from_this<UpstreamSide> {
 public:
  explicit UpstreamSide(std::shared_ptr<Upstream> upstream) : upstream_(std::move(upstream)) {}

  [[nodiscard]] const std::shared_ptr<Upstream>& upstream() const { return upstream_; }

  // The newest idle connection that is still good. Others that it met on the way go to `spent`.
  std::optional<Lease> take_idle(TimePoint now, std::vector<Lease>& spent);
  // A slot for `waiter`, unless somebody waits longer or all are taken. One that may not use idle
  // connections may close the oldest of them to get its slot.
  std::optional<ConnectionSlot> slot_for(const Waiter& waiter);
  // Hands a connection that is good for another message to who waits longest, or keeps it idle.
  // What neither wanted comes back, to be closed.
  std::optional<Lease> keep(Lease lease, TimePoint now);
  // Moves the idle connections that are too old, closed by the peer, or wanted by another loop to
  // `spent`.
  void sweep(TimePoint now, std::vector<Lease>& spent);
  void close_idle() { idle_.clear(); }

  bool inherit(ConnectionSlot& slot) override;

  [[nodiscard]] std::size_t idle() const { return idle_.size(); }
  // When the first of the idle connections has been kept for long enough.
  [[nodiscard]] std::optional<TimePoint> next_expiry() const;
  [[nodiscard]] bool waited_for() const { return !line_.empty(); }
  [[nodiscard]] bool unused() const { return idle_.empty() && line_.empty(); }

  // How much mail it had for its weight: who has the least is next.
  double served = 0;
  void take_turn() { served += 1.0 / static_cast<double>(upstream_->settings.weight); }

 private:
  friend class Waiter;
  struct Idle {
    Lease lease;
    TimePoint since;
  };

  [[nodiscard]] TimePoint expiry_of(const Idle& one) const;

  std::shared_ptr<Upstream> upstream_;
  std::list<Idle> idle_;
  std::list<Waiter*> line_;
};

}  // namespace sekisho::upstream
