// [upstream.NAME.auth]: how we log in to an upstream. The secret itself is never a setting: only
// the place of it is, so that nothing that prints settings can print it.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

#include "gateway/base/error.h"
#include "gateway/base/settings_visitor.h"

namespace sekisho::upstream {

enum class LoginMechanism : std::uint8_t {
  strongest,  // of SCRAM-SHA-256-PLUS, SCRAM-SHA-256, PLAIN, LOGIN, what the upstream offers
  scram_sha_256_plus,
  scram_sha_256,
  plain,
  login,
  xoauth2,  // the secret is an access token
};

struct LoginSettings {
  std::string user;                   // empty: no log-in
  std::filesystem::path secret_file;  // one of these two
  std::string credential;             // its name in $CREDENTIALS_DIRECTORY (systemd)
  LoginMechanism mechanism = LoginMechanism::strongest;
  bool in_clear = false;
  std::chrono::milliseconds refused_pause{300'000};  // a refused secret is not shown again before

  [[nodiscard]] bool wanted() const { return !user.empty(); }
  // The file that holds the secret; an error when there is no folder of credentials.
  [[nodiscard]] Result<std::filesystem::path> file() const;

  void visit(SettingsVisitor& v);
  bool operator==(const LoginSettings&) const = default;
};

}  // namespace sekisho::upstream
