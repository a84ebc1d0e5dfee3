// connect_unix_socket(): a ByteStream to a Unix socket by its path. A socket of that family
// connects at once or not at all, so nothing blocks; where the server's queue is full (EAGAIN) it
// is tried again, at growing intervals, until the deadline.
#pragma once

#include <memory>
#include <string>

#include "gateway/async/loop.h"
#include "gateway/net/byte_stream.h"

namespace sekisho {

// The error names it: "connect to unix:/run/dovecot/lmtp: Permission denied";
// ErrorKind::unavailable for what the system refused, ErrorKind::limit when this side has no
// descriptors or memory left; timeout (the queue stayed full), cancelled.
Task<Result<std::unique_ptr<ByteStream>>> connect_unix_socket(Loop& loop, std::string path,
                                                              Deadline deadline,
                                                              CancelSource& cancel);

}  // namespace sekisho
