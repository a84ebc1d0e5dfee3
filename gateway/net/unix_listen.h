// open_unix_listener(): a listening Unix socket at a path. What a program that has ended left there
// is replaced; a socket that somebody listens on is not, and what is no socket is never removed.
// The file stays when the socket is closed: nobody can tell by then whose it is.
#pragma once

#include <optional>

#include <sys/types.h>

#include "gateway/base/error.h"
#include "gateway/base/socket_address.h"

namespace sekisho {

// Who may connect: who may write to the socket's file.
struct UnixSocketRights {
  mode_t mode = 0660;
  std::optional<gid_t> group;  // none: this process's

  bool operator==(const UnixSocketRights&) const = default;
};

// Non-blocking; -1 never. The rights are those of the file before anybody can connect. The error
// names the address; ErrorKind::unavailable: somebody listens there.
Result<int> open_unix_listener(const SocketAddress& address, const UnixSocketRights& rights,
                               int backlog);

}  // namespace sekisho
