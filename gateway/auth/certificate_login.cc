#include "gateway/auth/certificate_login.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "gateway/auth/users_text.h"
#include "gateway/base/text.h"

namespace sekisho::auth {
namespace {

constexpr std::size_t kFingerprintDigits = 64;

struct Entry {
  std::string user;         // normalized
  std::string certificate;  // a subject, or a fingerprint in lower case
};

bool is_fingerprint(std::string_view text) {
  return text.size() == kFingerprintDigits && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

// A user's name holds no colon.
Result<Entry> parse(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos)
    return fail(ErrorKind::invalid, "has no colon: write \"user: certificate\"");
  auto user = normalize_user_name(trim(text.substr(0, colon)));
  if (!user) return std::unexpected(std::move(user.error()));
  std::string certificate(trim(text.substr(colon + 1)));
  if (certificate.find('=') != std::string::npos) return Entry{std::move(*user), certificate};
  std::string digits;
  for (const char c : to_lower(certificate))
    if (c != ':') digits += c;
  if (!is_fingerprint(digits))
    return fail(ErrorKind::invalid,
                "names no certificate: write its subject, as \"CN=printer,O=Example\", or its "
                "SHA-256 fingerprint in 64 hex digits");
  return Entry{std::move(*user), std::move(digits)};
}

}  // namespace

std::optional<std::string> CertificateLogin::user_of(const PeerCertificate& certificate) const {
  if (!certificate.verified) return std::nullopt;
  for (const std::string& text : users) {
    auto entry = parse(text);
    if (entry && !entry->certificate.empty() &&
        (entry->certificate == certificate.fingerprint ||
         entry->certificate == certificate.subject))
      return std::move(entry->user);
  }
  std::string_view found;
  if (name == Name::email && certificate.emails.size() == 1) found = certificate.emails.front();
  if (name == Name::common_name) found = certificate.common_name;
  auto user = normalize_user_name(found);
  return user ? std::optional(std::move(*user)) : std::nullopt;
}

void CertificateLogin::visit(SettingsVisitor& v) {
  v.choice<Name>(
      "name", name,
      {{"none", Name::none}, {"email", Name::email}, {"common-name", Name::common_name}},
      "Which name in a verified client certificate is the user's: none (only those under "
      "`users`), email (the one mail address in subjectAltName), common-name (the one CN "
      "of the subject). Who shows such a certificate may log in by AUTH EXTERNAL, "
      "without a password.");
  v.field("users", users,
          "Certificates whose users are told here, before `name` is looked at: \"alice: "
          "CN=printer,O=Example\" with the subject as the log has it, or \"bob: \" and the SHA-256 "
          "fingerprint. They have to be verified too.");
  std::vector<std::string> seen;
  for (const std::string& text : users) {
    const auto entry = parse(text);
    if (!entry) {
      v.error("users", fmt::format("\"{}\" {}", text, entry.error().text));
    } else if (std::ranges::find(seen, entry->certificate) != seen.end()) {
      v.error("users", fmt::format("\"{}\": this certificate has a user already", text));
    } else {
      seen.push_back(entry->certificate);
    }
  }
}

}  // namespace sekisho::auth
