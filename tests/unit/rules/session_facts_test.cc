// What rules may ask of a session and its envelope, against the table of values.
#include "rules/facts/session_facts.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sekisho::rules::facts {
namespace {

using engine::Fact;

SessionValues full() {
  SessionValues s;
  s.client = *IpAddress::parse("2001:db8:1:2:3::4");
  s.rdns = "host.example";
  s.country = "DE";
  s.asn = 64500;
  s.listener = "mx";
  s.server_name = "mx.example.com";
  s.now = CivilTime::utc(std::chrono::sys_days{std::chrono::year(2026) / 11 / 24} +
                         std::chrono::hours(18) + std::chrono::minutes(30));
  s.helo = "host.example";
  s.tls_version = "TLSv1.3";
  s.tls_cipher = "TLS_AES_256_GCM_SHA384";
  s.tls_certificate = "CN=host";
  s.user = "alice";
  s.method = "PLAIN";
  s.sender = MailAddress::of("Alice@Example.COM");
  s.announced_size = 1000;
  s.spf = "pass";
  s.recipients = {MailAddress::of("a@one.example"), MailAddress::of("b@two.example")};
  s.dkim = "pass";
  s.dkim_domain = "example.com";
  s.dmarc = "pass";
  s.upstream_code = 250;
  s.upstream_text = "OK";
  s.upstream_name = "inside";
  return s;
}

std::vector<Fact> ask(const SessionValues& s, std::string_view name,
                      const engine::ItemRef* item = nullptr) {
  std::vector<Fact> out;
  SessionFacts(s).values(*find_value(name), item, out);
  return out;
}

TEST(FactsOfASession, HaveEveryValueThatIsNotTheMessages) {
  const auto s = full();
  for (const auto& value : all_values()) {
    if (value.name == "tags") continue;
    const bool ours =
        value.from != Stage::message || value.name.starts_with("dkim") || value.name == "dmarc";
    EXPECT_EQ(ask(s, value.name).size(), ours ? 1U : 0U) << value.name;
  }
}

TEST(FactsOfASession, HaveAbsentValuesAsNone) {
  const SessionValues s;
  for (const auto* name : {"client.ip", "client.network", "helo", "auth.user", "mail.from", "spf",
                           "rcpt", "upstream.code", "server.name"}) {
    EXPECT_TRUE(ask(s, name).empty()) << name;
  }
}

TEST(FactsOfASession, AreInTheUnitsOfConstants) {
  const auto s = full();
  EXPECT_EQ(ask(s, "time")[0], Fact(std::uint64_t{18 * 60 + 30}));
  EXPECT_EQ(ask(s, "time.weekday")[0], Fact(std::string_view("tuesday")));
  EXPECT_EQ(ask(s, "client.network")[0], Fact(*Network::parse("2001:db8:1:2::/64")));
  EXPECT_EQ(ask(s, "mail.from")[0], Fact(std::string_view("Alice@example.com")));
  EXPECT_EQ(ask(s, "client.asn")[0], Fact(64500.0));
}

TEST(FactsOfASession, HaveTheRecipientAtHandAndEachByItsNumber) {
  const auto s = full();
  EXPECT_EQ(ask(s, "rcpt.domain")[0], Fact(std::string_view("two.example")));
  const engine::ItemRef first{.item = find_item("rcpt"), .of = nullptr, .index = 0};
  EXPECT_EQ(ask(s, "rcpt.domain", &first)[0], Fact(std::string_view("one.example")));
  EXPECT_EQ(SessionFacts(s).count(*find_item("rcpt"), nullptr), 2U);
}

}  // namespace
}  // namespace sekisho::rules::facts
