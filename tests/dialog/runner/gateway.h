// Gateway: a whole sekisho::Server in this process, on ports of the system's choice, with a
// scripted upstream (and a spare one where the dialog wants it), users and a certificate. A fresh
// one for each dialog, so that no dialog finds what another left behind.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gateway/server.h"
#include "tests/dialog/runner/script.h"
#include "tests/support/scripted_upstream.h"
#include "tests/support/temp_dir.h"

namespace sekisho::dialog {

class Gateway {
 public:
  explicit Gateway(const Script& script);  // throws when the configuration is refused
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  [[nodiscard]] std::uint16_t port(const std::string& listener) const;
  [[nodiscard]] test::ScriptedUpstream& upstream(std::size_t which) {
    return *upstreams_.at(which);
  }
  [[nodiscard]] std::size_t upstreams() const { return upstreams_.size(); }
  void drain() { server_->stop(); }
  // Drains and waits for the end of all sessions.
  void stop();
  [[nodiscard]] std::string log() const;

 private:
  test::TempDir folder_;
  std::vector<std::unique_ptr<test::ScriptedUpstream>> upstreams_;
  std::unique_ptr<Server> server_;
  std::thread thread_;
};

}  // namespace sekisho::dialog
