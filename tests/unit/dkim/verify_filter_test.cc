#include "filters/dkim/verify_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "filters/dmarc/filter.h"
#include "tests/support/dns_server.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/dkim/vectors.h"
#include "tests/unit/filters/bench.h"

namespace sekisho::filters {
namespace {

using mail::AuthResult;
using sekisho::testing::DnsServer;
using testing::Bench;
using ::testing::ElementsAre;

const dkim::SigningKey& own_key() {
  static const auto key = *dkim::SigningKey::generate(dkim::Algorithm::ed25519_sha256, 0);
  return key;
}

// A name server, and the filter asking it for keys.
class DkimFilter : public ::testing::Test {
 public:
  DkimFilter() {
    bench.now = std::chrono::system_clock::now();
    publish("s._domainkey.example.com");
  }

  void publish(std::string_view name, std::string_view more = "") {
    dns.add_txt(name, dkim::record_text(own_key().public_key()).append(more));
  }
  std::string signature(std::string domain, std::string selector = "s",
                        std::string identity = "") const {
    const auto headers = mail::Headers::parse(header);
    auto made =
        dkim::prepare(headers, dkim::fields_to_sign(headers),
                      dkim::vectors::hash_of_body(dkim::Form::relaxed, body),
                      {.algorithm = dkim::Algorithm::ed25519_sha256,
                       .canonicalization = *dkim::Canonicalization::parse("relaxed/relaxed"),
                       .domain = std::move(domain),
                       .selector = std::move(selector),
                       .identity = std::move(identity)},
                      bench.now);
    return dkim::finished(std::move(made.field), *own_key().sign(made.digest));
  }

  // What `filters` make of the message below `on_top`.
  ChainRun::Outcome judge(const std::string& on_top, std::vector<Link> filters) {
    mail::Message message(bench.loop, bench.offload, {dir.path()}, {});
    message.mutable_header_section() = on_top + header;
    EXPECT_TRUE(bench.loop.run_until_done(message.body().append(body)));
    bench.message = &message;
    const auto run = bench.open(std::move(filters));
    auto outcome = bench.run(*run, Stage::end);
    bench.message = nullptr;
    return outcome;
  }
  static Link link(std::string name, Blueprint& blueprint,
                   std::chrono::milliseconds timeout = 15s) {
    Link made{.name = std::move(name), .filter = testing::build(blueprint), .settings = {}};
    made.settings.timeout = timeout;
    return made;
  }
  std::vector<AuthResult> results(const std::string& on_top,
                                  std::chrono::milliseconds timeout = 15s) {
    std::vector<Link> filters;
    filters.push_back(link("dkim", *make_dkim(), timeout));
    EXPECT_FALSE(judge(on_top, std::move(filters)).verdict.refuses());
    std::vector<AuthResult> all;
    for (const auto& fact : bench.authentication.dkim) all.push_back(fact.result);
    return all;
  }

  test::TempDir dir;
  DnsServer dns;
  Bench bench{{.servers = {dns.endpoint().to_string()}, .timeout = 300ms}};
  std::string header = "From: a@example.com\r\nSubject: hello\r\n\r\n";
  std::string body = "Hello\r\n";
};

TEST_F(DkimFilter, SaysWhatEachSignatureIsWorth) {
  EXPECT_THAT(
      results(signature("example.com") + signature("other.example") + "DKIM-Signature: v=2\r\n"),
      ElementsAre(AuthResult::pass, AuthResult::permerror, AuthResult::permerror));
}

TEST_F(DkimFilter, CallsAMessageWithoutSignatureNoneAtAll) {
  EXPECT_THAT(results(""), ElementsAre(AuthResult::none));
}

// Seven names that never answer, and time for two of them one after another.
TEST_F(DkimFilter, ASlowNameServerCostsItsOwnSignatureAlone) {
  std::string slow;
  for (int i = 0; i < 7; ++i) {
    const std::string domain = "slow" + std::to_string(i) + ".example";
    dns.silence("s._domainkey." + domain);
    slow += signature(domain);
  }
  auto expected = std::vector(7, AuthResult::temperror);
  expected.push_back(AuthResult::pass);
  EXPECT_EQ(results(slow + signature("example.com"), 1400ms), expected);
}

TEST_F(DkimFilter, AKeyForTheDomainAloneVerifiesNoSubdomain) {
  publish("strict._domainkey.example.com", "; t=s");
  EXPECT_THAT(results(signature("example.com", "strict", "@example.com") +
                      signature("example.com", "strict", "@sub.example.com") +
                      signature("example.com", "s", "@sub.example.com")),
              ElementsAre(AuthResult::pass, AuthResult::permerror, AuthResult::pass));
}

TEST_F(DkimFilter, AForgerGetsNoTemporaryErrorByStrangersNameServers) {
  dns.add_txt("_dmarc.example.com", "v=DMARC1; p=reject");
  std::string slow;
  for (int i = 0; i < 7; ++i) {
    const std::string domain = "slow" + std::to_string(i) + ".example";
    dns.silence("s._domainkey." + domain);
    slow += signature(domain);
  }
  std::string forged = signature("example.com");
  header = "From: b@example.com\r\nSubject: hello\r\n\r\n";
  std::vector<Link> filters;
  filters.push_back(link("dkim", *make_dkim(), 1400ms));
  filters.push_back(link("dmarc", *dmarc::make_dmarc()));
  const auto outcome = judge(slow + forged, std::move(filters));
  EXPECT_EQ(outcome.verdict.reply().code, 550);
  EXPECT_EQ(bench.authentication.dmarc->result, AuthResult::fail);
}

TEST_F(DkimFilter, AsksOnceForAKeyThatSeveralSignaturesName) {
  EXPECT_THAT(results(signature("example.com") + signature("example.com")),
              ElementsAre(AuthResult::pass, AuthResult::pass));
  EXPECT_EQ(dns.asked("s._domainkey.example.com"), 1);
}

TEST_F(DkimFilter, TakesTheSignatureOfADomainThatTestsForNone) {
  publish("test._domainkey.example.com", "; t = s : y ;");
  const std::string field = signature("example.com", "test");
  EXPECT_THAT(results(field), ElementsAre(AuthResult::neutral));
  EXPECT_EQ(bench.authentication.dkim[0].reason, "t=y, the domain only tests DKIM; it would pass");
  body = "changed\r\n";
  std::vector<Link> filters;
  const auto blueprint = make_dkim();
  filters.push_back({.name = "dkim",
                     .filter = testing::build(*blueprint, {{"fail", std::string("reject")},
                                                           {"none", std::string("tag")}}),
                     .settings = {}});
  EXPECT_FALSE(judge(field, std::move(filters)).verdict.refuses());
  EXPECT_EQ(bench.authentication.dkim[1].result, AuthResult::neutral);
  EXPECT_EQ(bench.authentication.dkim[1].reason,
            "t=y, the domain only tests DKIM; fail: the body has changed");
  EXPECT_EQ(bench.edits.apply(""), "X-Sekisho-DKIM: none\r\n");
}

TEST_F(DkimFilter, TellsTheKeyFromOtherTexts) {
  const std::string record = dkim::record_text(own_key().public_key());
  dns.add_txt("blanks._domainkey.example.com",
              "v = DKIM1; k\t=ed25519; p = " + record.substr(record.find("p=") + 2) + " ;");
  EXPECT_THAT(results(signature("example.com", "blanks")), ElementsAre(AuthResult::pass));
  // "p=" in a value is no key, and a broken one is no second key.
  publish("others._domainkey.example.com");
  dns.add_txt("others._domainkey.example.com", "v=spf1 exists:p=%{i}.example.com -all");
  dns.add_txt("others._domainkey.example.com", "site-verification=p=1");
  dns.add_txt("others._domainkey.example.com", "v=DKIM1; p=AAAA; p=BBBB");
  bench.authentication = {};
  EXPECT_THAT(results(signature("example.com", "others")), ElementsAre(AuthResult::pass));
  publish("two._domainkey.example.com");
  dns.add_txt("two._domainkey.example.com", "p=AAAA");
  bench.authentication = {};
  EXPECT_THAT(results(signature("example.com", "two")), ElementsAre(AuthResult::permerror));
  dns.add_txt("broken._domainkey.example.com", "v=DKIM1; p=AAAA; p=BBBB");
  bench.authentication = {};
  EXPECT_THAT(results(signature("example.com", "broken")), ElementsAre(AuthResult::permerror));
  EXPECT_EQ(bench.authentication.dkim[0].reason, "the key: a tag is there twice");
}

TEST_F(DkimFilter, ADomainInUnicodeIsTheAuthorsInAscii) {
  dns.add_txt("_dmarc.xn--bcher-kva.example", "v=DMARC1; p=reject");
  publish("s._domainkey.xn--bcher-kva.example");
  header =
      "From: a@b\xc3\xbc"
      "cher.example\r\nSubject: hello\r\n\r\n";
  std::vector<Link> filters;
  filters.push_back(link("dkim", *make_dkim()));
  filters.push_back(link("dmarc", *dmarc::make_dmarc()));
  const auto outcome = judge(signature("b\xc3\xbc"
                                       "cher.example"),
                             std::move(filters));
  EXPECT_FALSE(outcome.verdict.refuses());
  EXPECT_EQ(bench.authentication.dmarc->result, AuthResult::pass);
}

TEST_F(DkimFilter, AClientThatGoesWhileKeysArePendingLeavesNothingBehind) {
  dns.behave(DnsServer::Manner::silent);
  for (int i = 0; i < 200; ++i) {
    Bench gone{bench.dns};
    gone.now = bench.now;
    mail::Message message(gone.loop, gone.offload, {dir.path()}, {});
    message.mutable_header_section() = signature("a.example") + signature("b.example") + header;
    gone.message = &message;
    std::vector<Link> filters;
    filters.push_back(link("dkim", *make_dkim()));
    const auto run = gone.open(std::move(filters));
    Timer leave(gone.loop, [&gone] { gone.cancel.cancel(); });
    leave.start(std::chrono::microseconds(100 * (i % 5)));
    EXPECT_TRUE(gone.run(*run, Stage::end).verdict.refuses());
  }
}

}  // namespace
}  // namespace sekisho::filters
