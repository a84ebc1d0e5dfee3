// Descriptors that go with a datagram over a Unix socket (SCM_RIGHTS, unix(7)). Around sendmsg()
// and recvmsg(), which stay the caller's. Any thread.
#pragma once

#include <span>
#include <vector>

#include <sys/socket.h>

#include "gateway/base/descriptor.h"

namespace sekisho {

// Puts them into `header`. `control`, aligned as a cmsghdr, must outlive the sendmsg() and hold
// CMSG_SPACE of them. None: nothing is put.
void attach_descriptors(msghdr& header, std::span<char> control, std::span<const int> descriptors);

// Owns all that came with what recvmsg() received.
void take_descriptors(msghdr& header, std::vector<Descriptor>& out);

}  // namespace sekisho
