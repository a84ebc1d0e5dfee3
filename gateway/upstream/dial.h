// dial(): from a connection just made, by TCP or a Unix socket, to one that may carry mail:
// greeting, EHLO (HELO where that is not known; LHLO with LMTP), TLS and a log-in as the settings
// say. Every wait has its own limit and ends at the deadline at the latest. Fails with the
// upstream's own words where it had any.
#pragma once

#include <memory>
#include <string>

#include "gateway/async/loop.h"
#include "gateway/async/offload.h"
#include "gateway/net/byte_stream.h"
#include "gateway/net/tls_context.h"
#include "gateway/smtp/capabilities.h"
#include "gateway/upstream/login_memory.h"
#include "gateway/upstream/reply_channel.h"
#include "gateway/upstream/settings.h"
#include "gateway/upstream/target.h"

namespace sekisho::upstream {

// What dial() needs to know; lives in its caller's frame.
struct Dialing {
  Loop& loop;
  Offload& offload;  // reads the secret of a log-in, and hashes it
  const UpstreamSettings& settings;
  std::shared_ptr<const TlsContext> tls;  // null with TlsMode::never
  std::string hostname;                   // ours, for EHLO
  std::string preface;                    // bytes that go before everything, TLS too
  Deadline deadline;
  LoginMemory& logins;
  CancelSource& cancel;  // the connection's own; must outlive what dial() returns
};

struct Dialed {
  std::unique_ptr<ReplyChannel> channel;
  smtp::Capabilities capabilities;  // of the last EHLO: what was said in plain is forgotten
  std::string note;                 // why the connection is in plain although TLS was offered
};

// `stream` is a new connection to `target`.
Task<Result<Dialed>> dial(const Dialing& how, const SocketAddress& target,
                          std::unique_ptr<ByteStream> stream);

}  // namespace sekisho::upstream
