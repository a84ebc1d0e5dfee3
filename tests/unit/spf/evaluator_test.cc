// What the suite of RFC 4408 doesn't ask: RFC 7208's bounds, and what an administrator reads.
#include "filters/spf/evaluator.h"

#include <algorithm>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/spf/zone.h"

namespace sekisho::spf::testing {
namespace {

using ::testing::HasSubstr;

class Spf : public ::testing::Test {
 protected:
  Verdict check(std::string_view client = "192.0.2.1",
                std::string_view identity = "user@example.org") {
    return zone_.evaluate({.client = IpAddress::parse(client).value(),
                           .helo = "client.example.net",
                           .identity = std::string(identity),
                           .receiver = "mx.example.com",
                           .timestamp = "1700000000",
                           .explain = explain_});
  }
  void text(std::string_view name, std::string_view record) {
    zone_.add(name, dns::Type::txt, record);
  }
  [[nodiscard]] auto asked(dns::Type type) const {
    return std::ranges::count(zone_.asked(), type, &Question::type);
  }

  Zone zone_;
  bool explain_ = false;
};

TEST_F(Spf, SaysWhichTermOfWhichDomainDecided) {
  text("example.org", "v=spf1 redirect=_spf.example.org");
  text("_spf.example.org", "v=spf1 ip4:198.51.100.0/24 ~all");
  const auto verdict = check();
  EXPECT_EQ(verdict.outcome, Outcome::softfail);
  EXPECT_EQ(verdict.domain, "_spf.example.org");
  EXPECT_EQ(verdict.mechanism, "all");
  EXPECT_EQ(verdict.lookups, 1U);
}

TEST_F(Spf, SaysWhatIsWrongWithARecord) {
  text("example.org", "v=spf1 ip4:192.0.2.0/33 -all");
  const auto verdict = check();
  EXPECT_EQ(verdict.outcome, Outcome::permerror);
  EXPECT_THAT(verdict.problem, HasSubstr("ip4:192.0.2.0/33"));
}

TEST_F(Spf, ReadsRecordsOfAnyLength) {
  std::string record = "v=spf1";
  for (int i = 0; i < 250; ++i) record += fmt::format(" ip4:10.0.0.{} ip6:2001:db8::{:x}", i, i);
  text("example.org", record + " ip4:192.0.2.1 -all");
  EXPECT_EQ(check().outcome, Outcome::pass);
  EXPECT_EQ(check("192.0.2.2").outcome, Outcome::fail);
}

TEST_F(Spf, AllowsTwoVoidLookupsAndNoThird) {
  text("example.org", "v=spf1 a:no1.example.org a:no2.example.org ip4:192.0.2.1 -all");
  EXPECT_EQ(check().outcome, Outcome::pass);
  text("example.net", "v=spf1 a:no1.example.org a:no2.example.org mx:no3.example.org +all");
  const auto verdict = check("192.0.2.1", "user@example.net");
  EXPECT_EQ(verdict.outcome, Outcome::permerror);
  EXPECT_THAT(verdict.problem, HasSubstr("found nothing"));
}

TEST_F(Spf, CountsVoidLookupsThroughIncludesAndMxNames) {
  text("example.org", "v=spf1 include:a.example.org mx:mx.example.org +all");
  text("a.example.org", "v=spf1 exists:no1.example.org");
  zone_.add("mx.example.org", dns::Type::mx, "no2.example.org");
  zone_.add("mx.example.org", dns::Type::mx, "no3.example.org");
  EXPECT_EQ(check().outcome, Outcome::permerror);
}

TEST_F(Spf, AFanOfIncludesCostsTenLookupsAtMost) {
  const auto fan = [](std::string_view prefix, std::string_view domain) {
    std::string record = "v=spf1";
    for (int i = 0; i < 10; ++i) record += fmt::format(" include:{}{}.{}", prefix, i, domain);
    return record + " -all";
  };
  text("example.org", fan("a", "example.org"));
  for (int i = 0; i < 10; ++i) {
    const auto one = fmt::format("a{}.example.org", i);
    text(one, fan("b", one));
    for (int j = 0; j < 10; ++j) text(fmt::format("b{}.{}", j, one), "v=spf1 ip4:10.0.0.1");
  }
  const auto verdict = check();
  EXPECT_EQ(verdict.outcome, Outcome::permerror);
  EXPECT_EQ(asked(dns::Type::txt), 11);  // the domain's own record is none of the ten
}

TEST_F(Spf, AskForNothingBehindTheTermThatMatches) {
  text("example.org", "v=spf1 ip4:192.0.2.1 include:a.example.org mx -all");
  EXPECT_EQ(check().outcome, Outcome::pass);
  EXPECT_EQ(zone_.asked().size(), 1U);
}

TEST_F(Spf, AnErrorBehindTheTermThatMatchesCounts) {
  text("example.org", "v=spf1 ip4:192.0.2.1 moo -all");
  EXPECT_EQ(check().outcome, Outcome::permerror);
  EXPECT_EQ(zone_.asked().size(), 1U);
}

TEST_F(Spf, LooksAtTenNamesOfAClientAtMost) {
  text("example.org", "v=spf1 ptr -all");
  for (int i = 0; i < 11; ++i) {
    const auto name = fmt::format("host{:02}.example.org", i);
    zone_.add("1.2.0.192.in-addr.arpa", dns::Type::ptr, name);
    zone_.add(name, dns::Type::a, i == 10 ? "192.0.2.1" : "192.0.2.99");
  }
  EXPECT_EQ(check().outcome, Outcome::fail);
  EXPECT_EQ(asked(dns::Type::a), 10);
}

TEST_F(Spf, AClientsNameInAnotherDomainIsNotEvenLookedUpForPtr) {
  text("example.org", "v=spf1 ptr -all");
  zone_.add("1.2.0.192.in-addr.arpa", dns::Type::ptr, "client.example.net");
  zone_.add("1.2.0.192.in-addr.arpa", dns::Type::ptr, "notexample.org");
  EXPECT_EQ(check().outcome, Outcome::fail);
  EXPECT_EQ(asked(dns::Type::a), 0);
}

TEST_F(Spf, AFailedLookupIsTemperrorNeverFail) {
  text("example.org", "v=spf1 include:a.example.org -all");
  zone_.fail("a.example.org", dns::Type::txt);
  const auto verdict = check();
  EXPECT_EQ(verdict.outcome, Outcome::temperror);
  EXPECT_THAT(verdict.problem, HasSubstr("a.example.org"));
}

TEST_F(Spf, AnIpv4MappedNetworkHoldsNobody) {
  text("example.org", "v=spf1 ip6:::ffff:192.0.2.0/120 -all");
  EXPECT_EQ(check("192.0.2.1").outcome, Outcome::fail);
  EXPECT_EQ(check("::ffff:192.0.2.1").outcome, Outcome::fail);
}

TEST_F(Spf, AShortMappedPrefixHoldsTheIpv6ClientsInIt) {
  text("example.org", "v=spf1 ip6:::ffff:192.0.2.0/64 -all");
  EXPECT_EQ(check("::1:2:3:4").outcome, Outcome::pass);
  EXPECT_EQ(check("192.0.2.1").outcome, Outcome::fail);
}

TEST_F(Spf, ALocalPartOutsideAsciiMatchesNoMacro) {
  text("example.org", "v=spf1 exists:%{l}.users.example.org -all");
  EXPECT_EQ(check("192.0.2.1", "j\xC3\xB6rg@example.org").outcome, Outcome::fail);
  EXPECT_EQ(asked(dns::Type::a), 0);
}

TEST_F(Spf, FetchesNoExplanationUnlessAsked) {
  text("example.org", "v=spf1 -all exp=why.example.org");
  text("why.example.org", "%{i} is not ours, %{r}");
  EXPECT_EQ(check().explanation, "");
  EXPECT_EQ(zone_.asked().size(), 1U);
  explain_ = true;
  EXPECT_EQ(check().explanation, "192.0.2.1 is not ours, mx.example.com");
}

TEST_F(Spf, AnExplanationWithControlBytesIsNone) {
  explain_ = true;
  text("example.org", "v=spf1 -all exp=why.example.org");
  text("why.example.org", "bad\r\n250 OK");
  const auto verdict = check();
  EXPECT_EQ(verdict.outcome, Outcome::fail);
  EXPECT_EQ(verdict.explanation, "");
}

// The records by which other implementations were crashed (CVE-2021-33912, CVE-2023-42118 …).
TEST_F(Spf, MacrosByTheHundredAreOnlyLong) {
  explain_ = true;
  std::string macros;
  for (int i = 0; i < 127; ++i) macros += "%{i}";
  text("example.org", "v=spf1 exists:" + macros + " -all exp=why.example.org");
  text("why.example.org", macros + "abcdefghijklmnopqrst");
  const auto verdict = check("2001:db8::1");
  EXPECT_EQ(verdict.outcome, Outcome::fail);
  EXPECT_EQ(verdict.explanation.size(), 127 * 63 + 20);
  text("example.net", "v=spf1 a:%{s9999999999999999999999r+-.}" + std::string(5000, 'a') + " -all");
  EXPECT_EQ(check("192.0.2.1", "user@example.net").outcome, Outcome::permerror);
}

TEST_F(Spf, AnIdentityWithoutALocalPartIsThePostmasters) {
  text("client.example.net", "v=spf1 exists:%{l}.example.org -all");
  zone_.add("postmaster.example.org", dns::Type::a, "127.0.0.2");
  EXPECT_EQ(check("192.0.2.1", "client.example.net").outcome, Outcome::pass);
}

}  // namespace
}  // namespace sekisho::spf::testing
