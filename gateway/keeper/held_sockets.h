// HeldSockets: the listening sockets that the keeper has open, so that they outlive the gateway
// process: who connects while there is none waits in the kernel and is not refused. Owned by the
// Keeper. What a process has had opened counts only once it serves: commit(); one that fails leaves
// what is held as it was.
#pragma once

#include <vector>

#include "gateway/keeper/supervisor.h"

namespace sekisho::keeper {

class HeldSockets {
 public:
  // What one process has had opened and what it says that it uses.
  struct Claim {
    std::vector<GivenSockets> opened;
    std::vector<HeldPlace> places;
    bool stated = false;  // has it said what it uses?
  };

  explicit HeldSockets(std::vector<GivenSockets> given) : held_(std::move(given)) {}

  [[nodiscard]] const std::vector<GivenSockets>& all() const { return held_; }
  // Opens for `claim`; the descriptors stay ours.
  Result<std::vector<int>> open(Claim& claim, const SocketWish& wish);
  // What the claim says is in use is held from now on, and nothing else.
  void commit(Claim& claim);

 private:
  std::vector<GivenSockets> held_;
};

}  // namespace sekisho::keeper
