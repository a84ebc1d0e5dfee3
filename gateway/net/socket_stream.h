// SocketStream: a ByteStream over a non-blocking socket, with SSL_read/SSL_write on the same
// descriptor once TLS has started (no bufferevents: see contrib/decisions/0002-plain-events.md).
// Owns the descriptor. Idle memory: the object, one libevent event, OpenSSL's own while in TLS.
#pragma once

#include <memory>

#include "gateway/async/loop.h"
#include "gateway/base/ip.h"
#include "gateway/net/byte_stream.h"

namespace sekisho {

// Takes a connected socket. Sets it non-blocking, close-on-exec and TCP_NODELAY. No write raises
// SIGPIPE.
// `cancel` is the owner's: after cancel() every pending and later wait returns `cancelled`.
std::unique_ptr<ByteStream> make_socket_stream(Loop& loop, int fd, CancelSource& cancel);

// Connects to an address. The error names it: "connect to 192.0.2.1:25: Connection refused";
// ErrorKind::unavailable for what the network or the system refused, ErrorKind::limit when this
// side has no descriptors or memory left; timeout, cancelled.
Task<Result<std::unique_ptr<ByteStream>>> connect_socket(Loop& loop, const Endpoint& peer,
                                                         Deadline deadline, CancelSource& cancel);

}  // namespace sekisho
