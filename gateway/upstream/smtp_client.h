// SmtpClient: one connection to an upstream and our half of the SMTP dialogue on it (RFC 5321).
// A coroutine verb a function; an Error means that the connection is in an unknown state and must
// be dropped, a Reply is what the upstream said. Verbs out of order are errors, so that no mistake
// of a caller can put a dot where none belongs. Owned by the pool or by a lease; one loop. Must not
// be destroyed while one of its coroutines is suspended: cancel(), let it unwind, then destroy.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "gateway/async/loop.h"
#include "gateway/async/offload.h"
#include "gateway/mail/envelope.h"
#include "gateway/net/byte_stream.h"
#include "gateway/net/tls_context.h"
#include "gateway/relay/relay_gate.h"
#include "gateway/smtp/capabilities.h"
#include "gateway/smtp/reply.h"
#include "gateway/upstream/acceptance.h"
#include "gateway/upstream/settings.h"

namespace sekisho::upstream {

class SmtpClient {
 public:
  // Connects to the first address of settings.host that serves, reads the greeting, says EHLO (HELO
  // when that fails), starts TLS as `settings.tls` says. Ends by `deadline`, or soon after
  // `cancel`; neither counts any more once it has returned.
  static Task<Result<std::unique_ptr<SmtpClient>>> connect(Loop& loop, Offload& offload,
                                                           std::string name,
                                                           const UpstreamSettings& settings,
                                                           std::shared_ptr<const TlsContext> tls,
                                                           std::string hostname, Deadline deadline,
                                                           CancelSource& cancel);
  ~SmtpClient();

  [[nodiscard]] const smtp::Capabilities& capabilities() const;
  [[nodiscard]] const TlsInfo* tls() const;  // null in plain
  // Something an administrator should know of this connection: why it is in plain although the
  // upstream offered STARTTLS. Empty mostly.
  [[nodiscard]] const std::string& note() const;
  // Messages that the upstream answered on this connection, whatever the answer.
  [[nodiscard]] std::int64_t messages() const;

  // MAIL FROM (with SIZE and BODY where the upstream has them) and the first RCPT TO in one flight
  // when the upstream has PIPELINING. Both replies; when MAIL was refused, the second is
  // meaningless.
  struct MailReplies {
    smtp::Reply mail;
    smtp::Reply rcpt;
  };
  Task<Result<MailReplies>> mail_and_rcpt(const mail::Envelope& envelope,
                                          const relay::RelayGrant& first);
  Task<Result<smtp::Reply>> rcpt(const relay::RelayGrant& recipient);

  // DATA. Only on a 354 may send() and finish() follow.
  Task<Result<smtp::Reply>> data();
  // Message bytes; dot-stuffed here. Small ones wait in a buffer for the dot.
  Task<Result<void>> send(std::string_view bytes);
  // The final dot, and the upstream's answer: an acceptance, or its 4xx/5xx. Once this has been
  // called, the message must never go to anybody again, whatever the result.
  Task<Result<std::variant<UpstreamAcceptance, smtp::Reply>>> finish();

  // RSET, so that the connection may be pooled. False: it must be dropped.
  Task<bool> reset();
  // True while nothing unexpected was seen, no transaction is open and it may carry one more
  // message.
  [[nodiscard]] bool reusable() const;
  [[nodiscard]] bool stale();  // the peer closed or spoke while the connection was idle
  // QUIT without waiting for long, and close. In the middle of a message it only closes: what is
  // written there would become part of the message.
  Task<void> quit();
  // After this every wait returns `cancelled`.
  void cancel();

 private:
  struct Impl;
  explicit SmtpClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sekisho::upstream
