// The sockets that the daemon listens on: one for each loop thread and address. What is open stays
// open over a reload as long as its address is wanted, whatever its listener is called, so that no
// client finds the door closed; so does what was open before this process was (GivenSockets).
// Values for the Server, which keeps what is in force; main loop.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "gateway/base/descriptor.h"
#include "gateway/keeper/supervisor.h"
#include "gateway/snapshot.h"

namespace sekisho {

// One address as one loop thread gets it; there may be several of an address.
struct ListenerSocket {
  SocketAddress address;  // as bound
  std::string listener;   // whose connections these are
  Descriptor socket;      // not open: the thread listens there already
};

struct ListenerPlace {
  SocketAddress configured;  // its port may be 0
  SocketAddress bound;
};
using ListenerPlaces = std::map<std::string, ListenerPlace>;  // by the listener's name

struct Listening {
  ListenerPlaces places;
  std::vector<std::vector<ListenerSocket>> shares;  // one for each thread: all it shall listen on
};

// Opens, by the supervisor, what the listeners of `next` need and neither `now` nor `given` has.
// Given sockets go to the listener of their name, else to the one with their address, but never a
// Unix socket to a listener that is configured for TCP, nor the other way: its checks were made for
// that. What no listener takes is left in `given`. The threads share the sockets of an address
// evenly: each socket has a thread, and each thread has one, if need be a duplicate that it shares
// with others. The error names the listener; nothing is open then that was not before.
Result<Listening> open_listening_sockets(const Snapshot& next, const ListenerPlaces& now,
                                         std::size_t threads, Supervisor& supervisor,
                                         std::vector<GivenSockets>& given);
// The same where nobody has given us anything.
Result<Listening> open_listening_sockets(const Snapshot& next, const ListenerPlaces& now,
                                         std::size_t threads);

}  // namespace sekisho
