// ConnectionSlot: one of an upstream's max_connections, as a value that gives itself back. On its
// way it asks the owner of the waiting line, so that who waits longest on this loop gets it.
// Counting is shared by all loops; a slot itself stays on its loop.
#pragma once

#include <memory>
#include <optional>

#include "gateway/upstream/upstream.h"

namespace sekisho::upstream {

class ConnectionSlot;

// Where a slot goes when its connection is gone. True: taken over (the slot was moved from).
class SlotHeir {
 public:
  virtual ~SlotHeir() = default;
  virtual bool inherit(ConnectionSlot& slot) = 0;
};

class ConnectionSlot {
 public:
  ConnectionSlot() = default;
  ConnectionSlot(ConnectionSlot&& other) noexcept = default;
  ConnectionSlot& operator=(ConnectionSlot&& other) noexcept;
  ~ConnectionSlot() { release(); }

  // None when all of the upstream's connections are in use.
  static std::optional<ConnectionSlot> take(std::shared_ptr<Upstream> upstream,
                                            std::weak_ptr<SlotHeir> heir);
  [[nodiscard]] explicit operator bool() const { return upstream_ != nullptr; }

 private:
  void release() noexcept;

  std::shared_ptr<Upstream> upstream_;  // null: holds nothing
  std::weak_ptr<SlotHeir> heir_;
};

}  // namespace sekisho::upstream
