// Snapshots with listeners at loopback addresses, for tests of sockets.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "gateway/listening_sockets.h"
#include "gateway/net/listener.h"
#include "tests/support/temp_dir.h"

namespace sekisho {

class ListeningFixture {
 public:
  // By the listeners' names.
  [[nodiscard]] std::shared_ptr<const Snapshot> snapshot(
      const std::map<std::string, std::string>& addresses) const {
    config::Settings settings;
    settings.hostname = "gw.example.com";
    settings.state_directory = folder_.path();
    settings.relay.domains = {"example.com"};
    for (const auto& [name, address] : addresses) settings.listeners[name].address = address;
    return Snapshot::build(std::move(settings), nullptr, nullptr).value();
  }

  // An address of the loopback that nobody listens on.
  static Endpoint free_address() {
    const Descriptor probe(
        open_listening_socket(Endpoint::parse("127.0.0.1:0").value(), 1).value());
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    ::getsockname(probe.get(), reinterpret_cast<sockaddr*>(&address), &length);
    return Endpoint::from_sockaddr(reinterpret_cast<sockaddr*>(&address), length);
  }

 private:
  test::TempDir folder_;
};

}  // namespace sekisho
