// Lease: an upstream connection while one message uses it. Give it back with Pool::give_back() or
// Pool::drop(); destroying it closes the connection without QUIT. Stays on its loop.
#pragma once

#include <memory>

#include "gateway/upstream/connection_slot.h"
#include "gateway/upstream/lifetime.h"
#include "gateway/upstream/smtp_client.h"

namespace sekisho::upstream {

struct Lease {
  std::shared_ptr<Upstream> upstream;
  ConnectionSlot slot;  // its place among max_connections; released after the client is gone
  std::unique_ptr<SmtpClient> client;
  bool fresh = false;  // opened for this lease: a failure is the upstream's, not staleness
  Lifetime lifetime{};
};

}  // namespace sekisho::upstream
