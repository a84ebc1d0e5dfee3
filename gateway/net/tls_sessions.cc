#include "gateway/net/tls_sessions.h"

#include <cstdint>
#include <exception>
#include <utility>

namespace sekisho {
namespace {

constexpr std::size_t kMost = 32;  // enough for the connections that are opened at the same time
constexpr std::time_t kLongest = 2 * 3600;

// When the full handshake was that a session goes back to. Its own time begins anew with each
// ticket; what OpenSSL copies from one session to the next is this.
int begun_index() {
  static const int index = SSL_SESSION_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

std::time_t begun(const SSL_SESSION* session) {
  return static_cast<std::time_t>(
      reinterpret_cast<std::intptr_t>(SSL_SESSION_get_ex_data(session, begun_index())));
}

bool remember_begun(SSL_SESSION* session, std::time_t now) {
  if (begun(session) != 0) return true;
  return SSL_SESSION_set_ex_data(session, begun_index(),
                                 reinterpret_cast<void*>(static_cast<std::intptr_t>(now))) == 1;
}

}  // namespace

void TlsSessions::install(SSL_CTX* context) {
  SSL_CTX_set_app_data(context, this);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, &TlsSessions::keep);
}

// Called by OpenSSL for each ticket; 0: it keeps its own hold on the session.
int TlsSessions::keep(SSL* ssl, SSL_SESSION* session) {
  try {
    if (!remember_begun(session, std::time(nullptr))) return 0;
    SSL_SESSION_up_ref(session);
    static_cast<TlsSessions*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)))->add(Session(session));
  } catch (const std::exception&) {  // no memory: the next handshake is a full one
  }
  return 0;
}

void TlsSessions::add(Session session) {
  const std::lock_guard lock(mutex_);
  if (sessions_.size() == kMost) sessions_.pop_front();
  sessions_.push_back(std::move(session));
}

TlsSessions::Session TlsSessions::take(std::time_t now) {
  const std::lock_guard lock(mutex_);
  while (!sessions_.empty()) {
    Session newest = std::move(sessions_.back());
    sessions_.pop_back();
    if (now - begun(newest.get()) < kLongest && SSL_SESSION_is_resumable(newest.get()) == 1)
      return newest;
  }
  return nullptr;
}

void TlsSessions::clear() {
  const std::lock_guard lock(mutex_);
  sessions_.clear();
}

}  // namespace sekisho
