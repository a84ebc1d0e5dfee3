// TlsChannel: one TLS connection on a non-blocking socket that somebody else owns and waits for.
// Each call does what it can at once and says what to wait for. It exists only while a stream is in
// TLS. After `failed` it is good for nothing but error().
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <openssl/ssl.h>

#include "gateway/net/byte_stream.h"
#include "gateway/net/io_step.h"
#include "gateway/net/tls_context.h"

namespace sekisho {

class TlsChannel {
 public:
  // `server_name` is for clients: asked for (SNI) where it is a name, verified where the context
  // verifies; there it must not be empty.
  static Result<std::unique_ptr<TlsChannel>> create(const TlsContext& context, int fd,
                                                    std::string_view server_name);
  ~TlsChannel();
  TlsChannel(const TlsChannel&) = delete;
  TlsChannel& operator=(const TlsChannel&) = delete;

  IoStep handshake();  // `end`: the peer left in the middle
  IoStep read(std::span<char> into);
  IoStep write(std::string_view bytes);
  IoStep shutdown();  // sends close_notify
  // Would read() say anything but "wait"? Digests records that carry no data (session tickets).
  [[nodiscard]] bool readable();

  [[nodiscard]] const TlsInfo& info() const { return info_; }
  // Why the last step failed; to be called right after it.
  [[nodiscard]] Error error(std::string_view what);

 private:
  friend struct SocketBio;
  TlsChannel(SSL* ssl, int fd) : ssl_(ssl), fd_(fd) {}
  void begin_step();
  IoStep outcome(int result, std::size_t bytes);

  SSL* ssl_;
  TlsInfo info_;
  int fd_;
  int system_errno_ = 0;
  int calls_left_ = 0;  // recv() calls that OpenSSL may still make in this step
  bool at_end_ = false;
  bool failed_ = false;
  bool verifies_ = false;
  TlsSessions* sessions_ = nullptr;  // of a client's context, which outlives this
  TlsSessions::Session offered_;     // by a client, until it is known whether it was taken
  std::string refused_;  // the fingerprint of a server's certificate that was not the right one
};

}  // namespace sekisho
