// SmtpClient: one connection to an upstream and our half of the SMTP dialogue on it (RFC 5321), or
// the LMTP one (RFC 2033).
// A coroutine verb a function; an Error means that the connection is in an unknown state and must
// be dropped, a Reply is what the upstream said. Verbs out of order are errors, so that no mistake
// of a caller can put a dot where none belongs. Owned by the pool or by a lease; one loop.
// Destroying it cancels: a verb that is under way then unwinds with `cancelled` by itself.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gateway/async/loop.h"
#include "gateway/async/offload.h"
#include "gateway/mail/envelope.h"
#include "gateway/net/byte_stream.h"
#include "gateway/net/resolve.h"
#include "gateway/smtp/capabilities.h"
#include "gateway/smtp/reply.h"
#include "gateway/upstream/acceptance.h"
#include "gateway/upstream/recipient.h"
#include "gateway/upstream/upstream.h"

namespace sekisho::upstream {

class SmtpClient {
 public:
  // Connects to the first place of the upstream that serves (target.h), reads the greeting, says
  // EHLO (HELO when that fails; LHLO with LMTP), starts TLS and logs in as the settings say. Ends
  // by `deadline`, or soon after `cancel`; neither counts any more once it has returned. `upstream`
  // and `client`, for whom the connection is (null: for anybody), must live until then. The disk is
  // read on `offload`.
  static Task<Result<std::unique_ptr<SmtpClient>>> connect(Loop& loop, NameResolver& resolver,
                                                           Offload& offload,
                                                           const Upstream& upstream,
                                                           const mail::Peer* client,
                                                           Deadline deadline, CancelSource& cancel);
  ~SmtpClient();

  [[nodiscard]] const smtp::Capabilities& capabilities() const;
  [[nodiscard]] const TlsInfo* tls() const;  // null in plain
  // Nobody in between can be the other end: TLS, and the settings had the certificate checked.
  [[nodiscard]] bool tls_verified() const { return tls() != nullptr && tls()->peer_verified; }
  // Something an administrator should know of this connection: why it is in plain although the
  // upstream offered STARTTLS. Empty mostly.
  [[nodiscard]] const std::string& note() const;
  // The upstream's answer to an XFORWARD that it offered and then refused; else empty.
  [[nodiscard]] const std::string& forward_refused() const;
  // Messages that the upstream answered on this connection, whatever the answer.
  [[nodiscard]] std::int64_t messages() const;

  // From now on every wait ends at the sooner of its own time-out and `whole`, with
  // ErrorKind::timeout, and once that has passed nothing more is written: no dot, above all. For
  // the caller's own patience; the pool takes it off when the connection comes back.
  void set_bound(Deadline whole);

  // Tells the upstream by XCLIENT whose mail comes next, where the settings have that and it isn't
  // what was said last; the capabilities are those of the EHLO after it. Before each MAIL: one for
  // a client that was not introduced is an error. Any error: drop the connection.
  Task<Result<void>> introduce(const mail::Peer* client);
  // MAIL FROM (with the parameters that the upstream knows) and RCPT TO for each recipient, after
  // the XFORWARDs that the settings allow: where the upstream has PIPELINING in few flights, else
  // one by one. One reply for each recipient, in order; none when MAIL was refused. A 421 ends the
  // connection, and stands for the replies that can't come any more. The recipients are read before
  // the first wait.
  struct MailReplies {
    smtp::Reply mail;
    std::vector<smtp::Reply> rcpts;
  };
  Task<Result<MailReplies>> mail_and_rcpts(const mail::Envelope& envelope,
                                           std::vector<const Recipient*> recipients);
  // More recipients for the open transaction, in the same way.
  Task<Result<std::vector<smtp::Reply>>> rcpts(std::vector<const Recipient*> recipients);

  // The open transaction is of a BODY=BINARYMIME mail: its text goes in BDAT chunks (RFC 3030),
  // begin_chunks() stands for DATA, and the last chunk for the dot.
  [[nodiscard]] bool is_binary() const;
  // DATA. Only on a 354 may send() and finish() follow.
  Task<Result<smtp::Reply>> data();
  Result<void> begin_chunks();
  // Message bytes; dot-stuffed here, or cut into chunks. Small ones wait in a buffer for the dot. A
  // Reply refuses a chunk: the message is over, and RSET is possible.
  Task<Result<std::optional<smtp::Reply>>> send(std::string_view bytes);
  // The final dot, and what the upstream answers: an acceptance, or its 4xx/5xx. With SMTP it is
  // one answer for all recipients; with LMTP there is one for each accepted recipient, in their
  // order, and where the connection was lost among them (it is not in_step() then) only those that
  // came. An Error: no answer came. Once this has been called, the message must never go to anybody
  // again, whatever the result.
  using Answer = std::variant<UpstreamAcceptance, smtp::Reply>;
  Task<Result<std::vector<Answer>>> finish();
  // Does each recipient get an answer of its own (LMTP)?
  [[nodiscard]] bool answers_each() const;

  // This connection carries the mail of one client alone: it began with a PROXY header, or the
  // upstream doesn't take another XCLIENT (Postfix offers that to the client it was told of, not to
  // us any more).
  [[nodiscard]] bool bound_to_client() const;
  // RSET, so that the connection may be pooled. False: it must be dropped.
  Task<bool> reset();
  // True while nothing unexpected was seen, no transaction is open and it may carry one more
  // message. Not after a row of refusals: upstreams count them (Postfix answers slowly after 10
  // errors and hangs up after 20), and the next client must not pay for this one.
  [[nodiscard]] bool reusable() const;
  // Commands and replies are in step: nothing unexpected was seen so far, and nobody cancelled.
  [[nodiscard]] bool in_step() const;
  // MAIL was accepted, or may have been: RSET before the next message.
  [[nodiscard]] bool in_transaction() const;
  [[nodiscard]] bool stale();  // the peer closed or spoke while the connection was idle
  // QUIT without waiting for long, and close. In the middle of a message it only closes: what is
  // written there would become part of the message.
  Task<void> quit();
  // The wait that is under way and every later one return `cancelled`; nothing more is written.
  void cancel();

 private:
  struct Impl;
  explicit SmtpClient(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;  // shared with the verb that is under way
};

}  // namespace sekisho::upstream
