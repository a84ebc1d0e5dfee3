// One frame, with its descriptors, over the socket pair between gateway and worker. Neither knows
// an event loop. Descriptors that nobody expects are an Error, and closed.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "gateway/base/descriptor.h"
#include "gateway/base/error.h"

namespace sekisho::worker {

// Never waits: the other side takes one frame at a time, so there is room for it.
// ErrorKind::closed: it is gone.
Result<void> send_frame(int socket, std::string_view frame, std::span<const int> descriptors = {});
// Waits for room: the worker's side, for a result in parts.
Result<void> send_frame_waiting(int socket, std::string_view frame);

struct Datagram {
  std::string_view bytes;  // into the buffer
  std::vector<Descriptor> descriptors;
};

// `buffer` holds more than kMaxFrame bytes. Waits for a datagram. ErrorKind::closed: the other side
// is gone; ErrorKind::protocol: too large, or with more than `max_descriptors`.
Result<Datagram> receive(int socket, std::span<char> buffer, std::size_t max_descriptors);
// Nothing when there is none yet. Takes no descriptors.
Result<std::optional<std::string_view>> receive_now(int socket, std::span<char> buffer);

}  // namespace sekisho::worker
