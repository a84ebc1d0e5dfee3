#include "gateway/upstream/login_settings.h"

#include <algorithm>
#include <cstdlib>

namespace sekisho::upstream {
namespace {

constexpr std::size_t kMaxUserBytes = 255;

bool is_user(std::string_view user) {
  return user.size() <= kMaxUserBytes && std::ranges::none_of(user, [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte < ' ' || byte == 0x7F;
         });
}

}  // namespace

Result<std::filesystem::path> LoginSettings::file() const {
  if (credential.empty()) return secret_file;
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr || *folder == '\0')
    return fail(
        ErrorKind::unavailable,
        "there is no $CREDENTIALS_DIRECTORY: systemd sets it for units with LoadCredential=");
  return std::filesystem::path(folder) / credential;
}

void LoginSettings::visit(SettingsVisitor& v) {
  v.field("user", user, "Name to log in with; empty: no log-in.");
  v.field("secret_file", secret_file,
          "File with the password (xoauth2: the access token) in its first line. It is read anew "
          "for each connection, so a new secret counts without a reload.");
  v.field("credential", credential,
          "Instead of secret_file: the name of a systemd credential (LoadCredential=), a file in "
          "$CREDENTIALS_DIRECTORY.");
  v.choice("mechanism", mechanism,
           {{"strongest", LoginMechanism::strongest},
            {"scram-sha-256-plus", LoginMechanism::scram_sha_256_plus},
            {"scram-sha-256", LoginMechanism::scram_sha_256},
            {"plain", LoginMechanism::plain},
            {"login", LoginMechanism::login},
            {"xoauth2", LoginMechanism::xoauth2}},
           "How to prove who we are: strongest (the first that the upstream offers of "
           "scram-sha-256-plus, scram-sha-256, plain, login), one of them, or xoauth2. "
           "scram-sha-256-plus is bound to the TLS connection (tls-exporter) and needs TLS 1.3.");
  v.field("in_clear", in_clear, "Log in also over a connection that is not encrypted.");

  v.field("refused_pause", refused_pause,
          "A secret that the upstream refused is not shown to it again for so long: failed log-ins "
          "may lock an account. Another secret in the file, or a reload, is tried at once.");

  const bool source = !secret_file.empty() || !credential.empty();
  if (wanted() && !source)
    v.error("user", "needs a secret: name its secret_file, or a systemd credential");
  if (!wanted() && source)
    v.error(secret_file.empty() ? "credential" : "secret_file",
            "a secret without a user: set `user` as well");
  if (!secret_file.empty() && !credential.empty())
    v.error("credential", "take either secret_file or credential, not both");
  if (refused_pause <= std::chrono::milliseconds::zero())
    v.error("refused_pause", "must be more than 0");
  if (!is_user(user)) v.error("user", "holds a control character, or more than 255 bytes");
  if (credential.find('/') != std::string::npos || credential.starts_with('.'))
    v.error("credential", "is the name of a credential, not a path (a path goes to secret_file)");
}

}  // namespace sekisho::upstream
