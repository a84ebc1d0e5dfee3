// ByteStream: a two-way stream of bytes, plain or TLS, as a session and the upstream client see it.
// Owned by its session; one loop, one thread. A read and a write are never pending together.
// After any error but `timeout` or `cancelled` on a read, the stream is only good for close(), and
// every read and write fails; except that after a failed write what the peer had said can still be
// read, unless the TLS channel itself has failed. After `cancelled` what needs no waiting still
// works: a last reply.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "gateway/async/task.h"
#include "gateway/base/error.h"
#include "gateway/base/peer_certificate.h"
#include "gateway/base/time.h"

namespace sekisho {

class TlsContext;

struct TlsInfo {
  std::string version;      // "TLSv1.3"
  std::string cipher;       // "TLS_AES_256_GCM_SHA384"
  std::string server_name;  // SNI that the client sent, or that we sent
  bool peer_verified = false;
  bool resumed = false;           // on the client side: without a full handshake
  std::string channel_binding{};  // tls-exporter (RFC 9266), 32 bytes; empty before TLS 1.3
  // On the server side, where client certificates are asked for; null: the client has none.
  std::shared_ptr<const PeerCertificate> peer_certificate = nullptr;
};

class ByteStream {
 public:
  virtual ~ByteStream() = default;

  // At least one byte, or 0 at the peer's end. `into` may be the loop's scratch buffer: nothing of
  // another session runs between the last byte read and the awaiter's resumption.
  virtual Task<Result<std::size_t>> read_some(std::span<char> into, Deadline deadline) = 0;
  // All of it, or an error; the deadline is for the whole.
  virtual Task<Result<void>> write_all(std::string_view bytes, Deadline deadline) = 0;
  // The same for a peer that has nothing to say before it has taken everything: when we would have
  // to wait and there is input (or the end), ErrorKind::protocol, and the input can be read.
  virtual Task<Result<void>> write_until_input(std::string_view bytes, Deadline deadline) = 0;

  // Turns the stream into TLS. Bytes that the peer sent ahead of its handshake must not be in any
  // buffer of ours by then: the caller checks, the handshake itself reads only from the socket.
  // `server_name` is the name to ask for and to verify (client side), empty on the server side.
  virtual Task<Result<void>> start_tls(std::shared_ptr<const TlsContext> context,
                                       std::string_view server_name, Deadline deadline) = 0;
  // Null while plain.
  [[nodiscard]] virtual const TlsInfo* tls() const = 0;

  // True when a read would not wait: bytes (or the end) are there, in the socket or in TLS.
  [[nodiscard]] virtual bool readable_now() = 0;
  // The peer has closed or reset, seen without reading; for pooled idle connections, where any
  // readable byte means that the connection must not be used again.
  [[nodiscard]] bool unexpected_input() { return readable_now(); }

  // Says goodbye (TLS close_notify), then discards what the peer still sends until its end, so that
  // our last reply isn't lost to a reset, and closes. Bounded by `deadline` and by a number of
  // bytes; a cancelled stream does not wait. Never fails; safe after any error.
  virtual Task<void> close(Deadline deadline) = 0;
};

}  // namespace sekisho
