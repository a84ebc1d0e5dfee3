// The sockets that the daemon listens on: one for each loop thread and address. What is open stays
// open over a reload as long as its address is wanted, whatever its listener is called, so that no
// client finds the door closed. Values for the Server, which keeps what is in force; main loop.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "gateway/base/descriptor.h"
#include "gateway/snapshot.h"

namespace sekisho {

// One address as one loop thread gets it.
struct ListenerSocket {
  Endpoint address;      // as bound
  std::string listener;  // whose connections these are
  Descriptor socket;     // not open: the thread listens there already
};

struct ListenerPlace {
  Endpoint configured;  // its port may be 0
  Endpoint bound;
};
using ListenerPlaces = std::map<std::string, ListenerPlace>;  // by the listener's name

struct Listening {
  ListenerPlaces places;
  std::vector<std::vector<ListenerSocket>> shares;  // one for each thread: all it shall listen on
};

// Opens what the listeners of `next` need and `now` doesn't have. The error names the listener;
// nothing is open then that was not before.
Result<Listening> open_listening_sockets(const Snapshot& next, const ListenerPlaces& now,
                                         std::size_t threads);

}  // namespace sekisho
