// Channel: what the keeper and the gateway process say to each other: messages of a few fields with
// open sockets beside them (SCM_RIGHTS), over a SOCK_SEQPACKET pair. Both sides bound what they
// take, since the keeper must not come to harm by a gateway process that is no longer its own
// master. Fails by an Error: `closed` when the other side is gone. One thread.
//
// From the gateway                       from the keeper
//   take                                   held NAME CONFIGURED BOUND +sockets, for each; end
//   open ADDRESS COUNT SHARED              opened +sockets | failed KIND TEXT
//   keep (NAME CONFIGURED BOUND)*
//   notify ASSIGNMENTS
//                                          retire
//                                          log EVENT WHAT
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "gateway/base/descriptor.h"
#include "gateway/base/error.h"
#include "gateway/base/time.h"

namespace sekisho::keeper {

// Raised when messages change their meaning; a process of another version is told by it.
inline constexpr int kProtocol = 1;
// "PROTOCOL:DESCRIPTOR:MICROSECONDS", the last for the watchdog.
inline constexpr const char* kVariable = "SEKISHO_KEEPER";
// A message carries that many sockets at most, and that many bytes.
inline constexpr std::size_t kMaxSockets = 4096;
inline constexpr std::size_t kMaxBytes = 65536;

struct Message {
  std::vector<std::string> fields;  // the first says what it is
  std::vector<Descriptor> sockets;
};

class Channel {
 public:
  Channel() = default;
  explicit Channel(Descriptor socket) : socket_(std::move(socket)) {}
  static Result<std::pair<Channel, Channel>> make_pair();

  [[nodiscard]] int fd() const { return socket_.get(); }
  // Never waits: a full channel is an error. The sockets stay the caller's.
  [[nodiscard]] Result<void> send(const std::vector<std::string>& fields,
                                  const std::vector<int>& sockets = {}) const;
  // Waits for the next message no longer than `patience`.
  [[nodiscard]] Result<Message> receive(Duration patience) const;

 private:
  Descriptor socket_;
};

}  // namespace sekisho::keeper
