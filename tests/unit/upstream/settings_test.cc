#include "gateway/upstream/settings.h"

#include <functional>

#include <gtest/gtest.h>

#include "tests/support/settings_errors.h"

namespace sekisho::upstream {
namespace {

TEST(UpstreamSettings, DocumentsEveryField) {
  UpstreamSettings settings;
  test::SettingsErrors visitor;
  settings.visit(visitor);
  EXPECT_EQ(visitor.keys.size(), 35U);
  EXPECT_TRUE(visitor.undocumented.empty());
}

struct Case {
  std::string_view key;  // of the one error expected; empty: none
  std::function<void(UpstreamSettings&)> change;
};

TEST(UpstreamSettings, NamesTheKeyThatIsWrong) {
  const std::vector<Case> cases{
      {"", [](auto&) {}},
      {"", [](auto& s) { s.host = "2001:db8::1"; }},
      {"", [](auto& s) { s.host = "mail_1.example.org"; }},
      {"host", [](auto& s) { s.host = ""; }},
      {"host", [](auto& s) { s.host = "mail.example.org:25"; }},
      {"host", [](auto& s) { s.host = "mail example"; }},
      {"host", [](auto& s) { s.host = "mail\r\nexample"; }},
      {"", [](auto& s) { s.host = "unix:/run/dovecot/lmtp"; }},
      {"host", [](auto& s) { s.host = "unix:run/lmtp"; }},
      {"host", [](auto& s) { s.host = "unix:"; }},
      {"host", [](auto& s) { s.host = "unix:/" + std::string(107, 'x'); }},
      {"",
       [](auto& s) {
         s.host = "unix:/run/lmtp";
         s.protocol = Protocol::lmtp;
       }},
      {"port", [](auto& s) { s.protocol = Protocol::lmtp; }},
      {"",
       [](auto& s) {
         s.protocol = Protocol::lmtp;
         s.port = 24;
       }},
      {"tls_name", [](auto& s) { s.tls_name = "no name"; }},
      {"tls_name",
       [](auto& s) {
         s.tls = TlsMode::never;
         s.tls_name = "mail.example.org";
       }},
      {"health_timeout", [](auto& s) { s.health_timeout = {}; }},
      {"", [](auto& s) { s.health_check = {}; }},
      {"max_age", [](auto& s) { s.max_age = {}; }},
      {"refused_pause", [](auto& s) { s.login.refused_pause = {}; }},
      {"tls_ca_file", [](auto& s) { s.tls_ca_file = "/etc/ca.pem"; }},
      {"",
       [](auto& s) {
         s.tls = TlsMode::verify;
         s.tls_ca_file = "/etc/ca.pem";
       }},
      {"auth",
       [](auto& s) {
         s.login.user = "gateway";
         s.login.secret_file = "/etc/secret";
       }},
      {"",
       [](auto& s) {
         s.tls = TlsMode::required;
         s.login.user = "gateway";
         s.login.credential = "smarthost";
       }},
      {"",
       [](auto& s) {
         s.login.user = "gateway";
         s.login.secret_file = "/etc/secret";
         s.login.in_clear = true;
       }},
      {"user",
       [](auto& s) {
         s.tls = TlsMode::verify;
         s.login.user = "gateway";
       }},
      {"secret_file", [](auto& s) { s.login.secret_file = "/etc/secret"; }},
      {"credential",
       [](auto& s) {
         s.tls = TlsMode::verify;
         s.login.user = "gateway";
         s.login.credential = "../secret";
       }},
      {"",
       [](auto& s) {
         s.forward_client = ForwardClient::xclient;
         s.forward_login = true;
       }},
      {"forward_login", [](auto& s) { s.forward_login = true; }},
      {"forward_client",
       [](auto& s) {
         s.tls = TlsMode::required;
         s.login.user = "gateway";
         s.login.credential = "smarthost";
         s.forward_client = ForwardClient::xclient;
       }},
      {"",
       [](auto& s) {
         s.tls = TlsMode::implicit_verify;
         s.tls_fingerprints = {std::string(64, 'a')};
       }},
      {"tls_fingerprints",
       [](auto& s) {
         s.tls = TlsMode::required;
         s.tls_fingerprints = {std::string(64, 'a')};
       }},
      {"tls_fingerprints",
       [](auto& s) {
         s.tls = TlsMode::verify;
         s.tls_fingerprints = {"sha1:abcd"};
       }},
      {"tls_fingerprints",
       [](auto& s) {
         s.tls = TlsMode::verify;
         s.tls_ca_file = "/etc/ca.pem";
         s.tls_fingerprints = {std::string(64, 'a')};
       }},
      {"", [](auto& s) { s.tls_certificate = "/etc/c.pem", s.tls_key = "/etc/k.pem"; }},
      {"tls_certificate", [](auto& s) { s.tls_certificate = "/etc/c.pem"; }},
      {"tls_key", [](auto& s) { s.tls_key = "/etc/k.pem"; }},
      {"tls_certificate",
       [](auto& s) {
         s.tls = TlsMode::never;
         s.tls_certificate = "/etc/c.pem", s.tls_key = "/etc/k.pem";
       }},
      {"final_timeout", [](auto& s) { s.final_timeout = std::chrono::minutes(10); }},
      {"final_timeout", [](auto& s) { s.final_timeout = std::chrono::milliseconds(0); }},
      {"connect_timeout", [](auto& s) { s.connect_timeout = std::chrono::milliseconds(0); }},
      {"command_timeout", [](auto& s) { s.command_timeout = std::chrono::milliseconds(-1); }},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    UpstreamSettings settings;
    settings.host = "mail.example.org";
    cases[i].change(settings);
    test::SettingsErrors visitor;
    settings.visit(visitor);
    if (cases[i].key.empty()) {
      EXPECT_TRUE(visitor.errors.empty()) << i << ": " << visitor.errors.front();
    } else {
      ASSERT_EQ(visitor.errors.size(), 1U) << i;
      EXPECT_TRUE(visitor.errors.front().starts_with(std::string(cases[i].key) + ": ")) << i;
    }
  }
}

}  // namespace
}  // namespace sekisho::upstream
