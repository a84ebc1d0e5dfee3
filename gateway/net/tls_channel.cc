#include "gateway/net/tls_channel.h"

#include <array>
#include <cerrno>
#include <ctime>

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>

#include "gateway/base/ip.h"
#include "gateway/net/socket_bio.h"
#include "gateway/net/tls_peer_certificate.h"
#include "gateway/net/tls_pem.h"

namespace sekisho {
namespace {

constexpr int kReceiveCallsPerStep = 4;  // of 16 KB each

bool set_peer_name(SSL* ssl, const std::string& name, bool verifies) {
  const bool literal = IpAddress::parse(name).has_value();
  // RFC 6066 section 3: an address literal is no server name.
  if (!literal && !name.empty() && SSL_set_tlsext_host_name(ssl, name.c_str()) != 1) return false;
  if (!verifies) return true;
  X509_VERIFY_PARAM* const parameters = SSL_get0_param(ssl);
  X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return literal ? X509_VERIFY_PARAM_set1_ip_asc(parameters, name.c_str()) == 1
                 : SSL_set1_host(ssl, name.c_str()) == 1;
}

std::string or_empty(const char* text) { return text != nullptr ? text : ""; }

// Before TLS 1.3 it would bind to one connection alone only where the handshake had the extended
// master secret (RFC 9266 section 4.2): there is none to be had there.
std::string channel_binding_of(SSL* ssl) {
  constexpr std::string_view kLabel = "EXPORTER-Channel-Binding";
  std::array<unsigned char, 32> out{};
  if (SSL_version(ssl) < TLS1_3_VERSION ||
      SSL_export_keying_material(ssl, out.data(), out.size(), kLabel.data(), kLabel.size(), nullptr,
                                 0, 0) != 1)
    return {};
  return {reinterpret_cast<const char*>(out.data()), out.size()};
}

}  // namespace

Result<std::unique_ptr<TlsChannel>> TlsChannel::create(const TlsContext& context, int fd,
                                                       std::string_view server_name) {
  ERR_clear_error();
  // "mx.example.org." and "[2001:db8::1]" mean what they mean without the dot and the brackets.
  if (server_name.ends_with('.')) server_name.remove_suffix(1);
  if (server_name.starts_with('[') && server_name.ends_with(']')) {
    server_name = server_name.substr(1, server_name.size() - 2);
  }
  std::string name(server_name);
  if (context.verifies() && name.empty()) {
    return fail(ErrorKind::invalid, "no server name to verify the certificate against");
  }
  SSL* const ssl = SSL_new(context.native());
  if (ssl == nullptr) return fail(ErrorKind::io, "cannot start TLS: " + take_tls_errors());
  std::unique_ptr<TlsChannel> channel(new TlsChannel(ssl, fd));
  BIO* const bio = SocketBio::create(*channel);
  if (bio == nullptr) return fail(ErrorKind::io, "cannot start TLS: " + take_tls_errors());
  SSL_set_bio(ssl, bio, bio);
  if (context.is_server()) {
    SSL_set_accept_state(ssl);
  } else {
    SSL_set_connect_state(ssl);
    if (!set_peer_name(ssl, name, context.verifies())) {
      return fail(ErrorKind::invalid, "not a server name for TLS: " + name);
    }
    channel->info_.server_name = std::move(name);
    channel->verifies_ = context.verifies();
    SSL_set_app_data(ssl, &channel->refused_);
    channel->sessions_ = context.sessions();
    channel->offered_ = channel->sessions_->take(std::time(nullptr));
    if (channel->offered_)
      if (const auto copy = TlsSessions::copy_of(channel->offered_))
        SSL_set_session(ssl, copy.get());
  }
  return channel;
}

TlsChannel::~TlsChannel() {
  // Else OpenSSL bars the session of a connection that just broke off from being resumed, which TLS
  // has not asked for since version 1.1 (RFC 4346 section 7.2.1).
  SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(ssl_);
}

void TlsChannel::begin_step() {
  // OpenSSL's queue of errors belongs to the thread: what another session left would be taken for
  // ours.
  ERR_clear_error();
  system_errno_ = 0;
  calls_left_ = kReceiveCallsPerStep;
}

IoStep TlsChannel::outcome(int result, std::size_t bytes) {
  using enum IoStep::State;
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_NONE:
      return {done, bytes};
    case SSL_ERROR_WANT_READ:
      return {want_read};
    case SSL_ERROR_WANT_WRITE:
      return {want_write};
    case SSL_ERROR_ZERO_RETURN:
      return {end};
    default:
      failed_ = true;
      return {failed};
  }
}

IoStep TlsChannel::handshake() {
  begin_step();
  const IoStep step = outcome(SSL_do_handshake(ssl_), 0);
  if (step.state == IoStep::State::done) {
    info_.version = or_empty(SSL_get_version(ssl_));
    info_.cipher = or_empty(SSL_get_cipher_name(ssl_));
    info_.channel_binding = channel_binding_of(ssl_);
    if (SSL_is_server(ssl_) == 1) {
      info_.server_name = or_empty(SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name));
      if (X509* const peer = SSL_get0_peer_certificate(ssl_)) {
        info_.peer_certificate = std::make_shared<const PeerCertificate>(
            describe_certificate(peer, SSL_get_verify_result(ssl_)));
        info_.peer_verified = info_.peer_certificate->verified;
      }
      return step;
    }
    // Of a resumed session: what its full handshake came to, in this same context.
    info_.peer_verified = verifies_ && SSL_get_verify_result(ssl_) == X509_V_OK;
    info_.resumed = SSL_session_reused(ssl_) == 1;
    if (info_.resumed) sessions_->give_back(std::move(offered_));
  }
  return step;
}

IoStep TlsChannel::read(std::span<char> into) {
  begin_step();
  std::size_t total = 0;
  // A record holds 16 KB at most: take further ones as long as they are here already.
  do {
    std::size_t bytes = 0;
    const int result = SSL_read_ex(ssl_, into.data() + total, into.size() - total, &bytes);
    if (result != 1) {
      // What stopped us will do so again at the next call.
      if (total > 0) break;
      return outcome(result, 0);
    }
    total += bytes;
  } while (total < into.size() && SSL_has_pending(ssl_) == 1);
  return {IoStep::State::done, total};
}

IoStep TlsChannel::write(std::string_view bytes) {
  begin_step();
  std::size_t written = 0;
  const int result = SSL_write_ex(ssl_, bytes.data(), bytes.size(), &written);
  return outcome(result, written);
}

IoStep TlsChannel::shutdown() {
  begin_step();
  // OpenSSL forbids SSL_shutdown() after a fatal error.
  if (failed_ || SSL_is_init_finished(ssl_) != 1) return {IoStep::State::failed};
  const int result = SSL_shutdown(ssl_);
  return result >= 0 ? IoStep{IoStep::State::done} : outcome(result, 0);
}

bool TlsChannel::readable() {
  if (failed_ || at_end_ || SSL_pending(ssl_) > 0) return true;
  pollfd socket{.fd = fd_, .events = POLLIN, .revents = 0};
  if (SSL_has_pending(ssl_) == 0 && ::poll(&socket, 1, 0) == 0) return false;
  begin_step();
  char byte = 0;
  std::size_t bytes = 0;
  const IoStep step = outcome(SSL_peek_ex(ssl_, &byte, 1, &bytes), bytes);
  const bool waits =
      step.state == IoStep::State::want_read || step.state == IoStep::State::want_write;
  return !waits || calls_left_ == 0;
}

Error TlsChannel::error(std::string_view what) {
  const long verified = verifies_ ? SSL_get_verify_result(ssl_) : X509_V_OK;
  std::string reasons = take_tls_errors();
  std::string text(what);
  if (verified != X509_V_OK) {
    text += ": certificate of " + info_.server_name + " refused: ";
    if (refused_.empty())
      text += X509_verify_cert_error_string(verified);
    else
      text += "no configured fingerprint is its own (SHA-256 " + refused_ + ")";
    return {ErrorKind::protocol, std::move(text)};
  }
  if (!reasons.empty()) return {ErrorKind::protocol, text + ": " + reasons};
  if (system_errno_ == ECONNRESET || system_errno_ == EPIPE) {
    return system_error(ErrorKind::closed, what, system_errno_);
  }
  if (system_errno_ != 0) return system_error(ErrorKind::io, what, system_errno_);
  return {ErrorKind::closed, text + ": the peer broke off the TLS connection"};
}

}  // namespace sekisho
