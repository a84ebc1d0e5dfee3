// IoStep: what one attempt to read or write without waiting came to.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace sekisho {

struct IoStep {
  enum class State : std::uint8_t {
    done,        // `bytes` were moved
    end,         // the peer will send nothing more
    want_read,   // try again once the socket is readable
    want_write,  // try again once it is writable
    failed,
  };
  State state = State::failed;
  std::size_t bytes = 0;
};

// Does this errno mean "try again" and nothing worse?
inline bool is_temporary(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

}  // namespace sekisho
