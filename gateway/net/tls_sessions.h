// TlsSessions: the TLS sessions that one client context may resume (RFC 8446 section 2.2, RFC
// 5077). Each was begun with a full handshake in that context, and what that verified holds for it;
// so none is kept for longer than two hours, and none goes to another context. Any thread.
#pragma once

#include <ctime>
#include <deque>
#include <memory>
#include <mutex>

#include <openssl/ssl.h>

#include "gateway/net/tls_pem.h"

namespace sekisho {

class TlsSessions {
 public:
  using Session = std::unique_ptr<SSL_SESSION, FreeWith<SSL_SESSION_free>>;

  // Has `context` keep its sessions here. This must outlive it.
  void install(SSL_CTX* context);
  // One to resume, or null. It is not in here any more: what failed is not tried again.
  [[nodiscard]] Session take(std::time_t now);
  // What was resumed may be used again, for not every server gives a new ticket.
  void give_back(Session session) { add(std::move(session)); }
  // For one connection: OpenSSL bars what TLS 1.3 has resumed from being used again, which is for
  // clients that don't want to be recognized (RFC 8446 appendix C.4).
  [[nodiscard]] static Session copy_of(const Session& session) {
    return Session(SSL_SESSION_dup(session.get()));
  }
  // What they were begun with has changed.
  void clear();

 private:
  static int keep(SSL* ssl, SSL_SESSION* session);
  void add(Session session);

  std::mutex mutex_;
  std::deque<Session> sessions_;  // guarded by mutex_; the newest last
};

}  // namespace sekisho
