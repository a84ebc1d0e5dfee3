// SilentAddress: an address on loopback that takes no connection and refuses none, as a host does
// that is gone: its queue is full and stays so, and the system drops every further SYN. Any thread.
#pragma once

#include <cstdint>
#include <stdexcept>

#include <netinet/in.h>
#include <sys/socket.h>

#include "gateway/base/descriptor.h"
#include "gateway/base/ip.h"

namespace sekisho::test {

class SilentAddress {
 public:
  // Port 0: one of the system's choice.
  explicit SilentAddress(const char* address = "127.0.0.2", std::uint16_t port = 0)
      : endpoint_{*IpAddress::parse(address), port},
        listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
        filler_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_storage storage{};
    socklen_t length = endpoint_.to_sockaddr(storage);
    auto* const raw = reinterpret_cast<sockaddr*>(&storage);
    if (::bind(listening_.get(), raw, length) != 0 || ::listen(listening_.get(), 0) != 0 ||
        ::getsockname(listening_.get(), raw, &length) != 0 ||
        ::connect(filler_.get(), raw, length) != 0)
      throw std::runtime_error("cannot listen on loopback");
    endpoint_ = Endpoint::from_sockaddr(raw, length);
  }

  [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }

 private:
  Endpoint endpoint_;
  Descriptor listening_;
  Descriptor filler_;  // has the one place of the queue
};

}  // namespace sekisho::test
