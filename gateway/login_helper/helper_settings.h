// [auth.ldap], [auth.pam] and [auth.helpers]: how passwords are checked by libraries that wait: in
// helper processes. Plain values, checked when read.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

#include "gateway/base/settings_visitor.h"

namespace sekisho::login {

struct LdapSettings {
  std::string uri;       // empty: LDAP is not used
  bool starttls = true;  // when the URI is ldap://
  std::filesystem::path ca_file;
  std::string bind_dn;  // with {user}; empty: search
  std::string search_base;
  std::string search_filter{"(uid={user})"};
  std::string search_dn;  // who searches; empty: anonymously
  std::filesystem::path search_password_file;

  void visit(SettingsVisitor& v);
  bool operator==(const LdapSettings&) const = default;
};

struct PamSettings {
  std::string service;  // a file in /etc/pam.d; empty: PAM is not used

  void visit(SettingsVisitor& v);
  bool operator==(const PamSettings&) const = default;
};

struct HelperSettings {
  std::int64_t processes = 4;  // log-ins that are checked at the same time
  std::int64_t max_waiting = 64;
  std::chrono::milliseconds timeout{20'000};  // for one check; then the process is replaced
  LdapSettings ldap;
  PamSettings pam;

  // Is there anybody to ask?
  [[nodiscard]] bool used() const { return !ldap.uri.empty() || !pam.service.empty(); }

  void visit(SettingsVisitor& v);
  bool operator==(const HelperSettings&) const = default;
};

}  // namespace sekisho::login
