// [listener.NAME.certificate_login]: which user a client's TLS certificate names, for AUTH EXTERNAL
// (RFC 4422 appendix A). Only a verified certificate names anybody, and one that could mean several
// users names none. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/peer_certificate.h"
#include "gateway/base/settings_visitor.h"

namespace sekisho::auth {

struct CertificateLogin {
  enum class Name : std::uint8_t { none, email, common_name };
  Name name = Name::none;
  std::vector<std::string> users;  // "alice: CN=printer,O=Example", "bob: SHA-256"

  [[nodiscard]] bool wanted() const { return name != Name::none || !users.empty(); }
  // Normalized.
  [[nodiscard]] std::optional<std::string> user_of(const PeerCertificate& certificate) const;

  void visit(SettingsVisitor& v);
};

}  // namespace sekisho::auth
