// PeerCertificate: what a TLS client's certificate says of it. Its key was shown to be in the
// client's hands by the handshake; everything else is true only as far as `verified` is. Bytes from
// outside, reduced to printable ASCII; they still pass an encoder before they are written anywhere.
#pragma once

#include <string>
#include <vector>

namespace sekisho {

struct PeerCertificate {
  bool verified = false;    // by the listener's client_ca_file, within its time, for this purpose
  std::string problem;      // why not, in OpenSSL's words; empty when verified
  std::string fingerprint;  // SHA-256 of the DER bytes: 64 hex digits in lower case
  std::string subject;      // RFC 4514, non-ASCII bytes as \XX: "CN=printer,O=Example"
  std::string common_name;  // the only CN of the subject, visible ASCII and blanks; else empty
  std::vector<std::string> emails;     // subjectAltName rfc822Name, as they stand
  std::vector<std::string> dns_names;  // subjectAltName dNSName, as they stand
};

}  // namespace sekisho
