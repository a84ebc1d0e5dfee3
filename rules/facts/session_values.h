// What is known of a session and its envelope, as plain values for rules: filled by the gateway's
// filter from what it sees, by the tools from test steps and options. Owned by whoever fills it.
// Nothing here is trusted: names and addresses are foreign bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/ip.h"
#include "gateway/base/time.h"

namespace sekisho::rules::facts {

// An address of the envelope, its domain in lower case.
struct MailAddress {
  std::string address;
  std::string local;
  std::string domain;

  // What stands before and behind the last @; without one, all is local.
  [[nodiscard]] static MailAddress of(std::string_view text);
};

// The hour and day where the gateway stands.
struct CivilTime {
  std::uint64_t minute = 0;  // since midnight
  std::uint64_t day = 0;     // since 1970-01-01
  std::string_view weekday;  // "monday"
  static CivilTime local(WallTime when);
  static CivilTime utc(WallTime when);  // tests: the same on every machine
};

// Absent is what is not known or not there; words are as rules write them ("pass").
struct SessionValues {
  std::optional<IpAddress> client;
  std::optional<std::string> rdns;
  std::optional<std::string> country;
  std::optional<std::uint32_t> asn;
  std::string listener;
  std::string server_name;
  CivilTime now;

  std::optional<std::string> helo;  // a name; absent where a literal or nothing was said
  bool helo_literal = false;
  bool tls = false;
  std::optional<std::string> tls_version;
  std::optional<std::string> tls_cipher;
  std::optional<std::string> tls_certificate;  // its subject, where it was verified

  std::optional<std::string> user;  // who logged in
  std::optional<std::string> method;
  std::uint64_t failed_logins = 0;

  std::optional<MailAddress> sender;  // absent: <>
  std::optional<std::uint64_t> announced_size;
  std::optional<std::string> spf;

  std::vector<MailAddress> recipients;  // taken; at rcpt with the one at hand as the last
  std::optional<std::string> dkim;
  std::optional<std::string> dkim_domain;
  std::optional<std::string> dmarc;

  std::optional<std::uint16_t> upstream_code;
  std::optional<std::string> upstream_text;
  std::optional<std::string> upstream_name;
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;
};

}  // namespace sekisho::rules::facts
