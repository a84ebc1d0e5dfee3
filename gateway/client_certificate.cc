#include "gateway/client_certificate.h"

#include <string>

#include "gateway/base/encode.h"

namespace sekisho {

using smtp::Reply;
using smtp::Verb;

void note_tls(const TlsInfo& tls, mail::Peer& peer) {
  peer.tls_version = tls.version;
  peer.tls_cipher = tls.cipher;
  peer.certificate = tls.peer_certificate;
}

std::optional<Reply> refuse_without_certificate(const config::ListenerSettings& listener,
                                                const mail::Peer& peer, Verb verb) {
  if (listener.client_certificates != config::ClientCertificates::require) return std::nullopt;
  if (verb != Verb::auth && verb != Verb::mail && verb != Verb::vrfy) return std::nullopt;
  if (peer.certificate == nullptr)
    return Reply::of(530, "5.7.0", "a client certificate is required here, and you sent none");
  if (peer.certificate->verified) return std::nullopt;
  return Reply::of(
      530, "5.7.0",
      "your client certificate is not accepted: " + encode_for_smtp(peer.certificate->problem));
}

}  // namespace sekisho
