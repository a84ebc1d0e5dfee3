#include "filters/dmarc/filter.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/dns_server.h"
#include "tests/unit/filters/bench.h"

namespace sekisho::dmarc {
namespace {

using filters::ChainRun;
using filters::Stage;
using filters::testing::Bench;
using mail::AuthResult;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class DmarcFilter : public ::testing::Test {
 public:
  DmarcFilter() {
    dns.add_txt("_dmarc.reject.example", "v=DMARC1; p=reject");
    dns.add_txt("_dmarc.quarantine.example", "v=DMARC1; p=quarantine");
    dns.add_txt("_dmarc.none.example", "v=DMARC1; p=none");
    dns.add_txt("_dmarc.wrong.example", "v=DMARC1; p=rejcet");
    dns.add_txt("_dmarc.some.example", "v=DMARC1; p=reject; pct=0");
  }

  void signed_by(std::string domain, AuthResult result = AuthResult::pass) {
    mail::DkimFact& fact = bench.authentication.dkim.emplace_back();
    fact.result = result;
    fact.domain = std::move(domain);
  }

  ChainRun::Outcome judge(const std::string& header, std::map<std::string, std::any> values = {}) {
    mail::Message message(bench.loop, bench.offload, {std::filesystem::temp_directory_path()}, {});
    message.mutable_header_section() = header + "\r\n";
    bench.message = &message;
    const auto blueprint = make_dmarc();
    auto run = bench.open(filters::testing::build(*blueprint, std::move(values)));
    auto outcome = bench.run(*run, Stage::end);
    bench.message = nullptr;
    return outcome;
  }
  std::string reply(const std::string& header, std::map<std::string, std::any> values = {}) {
    const auto outcome = judge(header, std::move(values));
    return outcome.verdict.refuses() ? outcome.verdict.reply().summary() : "";
  }
  // The fields that the filter's edits make.
  std::string edited() { return bench.edits.apply(""); }

  testing::DnsServer dns;
  Bench bench{{.servers = {dns.endpoint().to_string()}}};
};

TEST_F(DmarcFilter, RefusesWhatItsDomainWantsRefused) {
  EXPECT_EQ(
      reply("From: a@reject.example\r\n"),
      "550 5.7.1 DMARC: mail from reject.example is not accepted unless SPF or DKIM shows that "
      "it is from there");
  const auto& fact = bench.authentication.dmarc;
  ASSERT_TRUE(fact.has_value());
  EXPECT_EQ(fact->result, AuthResult::fail);
  EXPECT_EQ(fact->from_domain, "reject.example");
  EXPECT_EQ(fact->policy, "reject");
  EXPECT_EQ(fact->disposition, "reject");
  EXPECT_EQ(bench.counted("dmarc_results_total", {{"result", "fail"}, {"disposition", "reject"}}),
            1);
}

TEST_F(DmarcFilter, LetsPassWhatIsSignedByTheAuthorsDomain) {
  signed_by("mail.reject.example");
  EXPECT_EQ(reply("From: a@reject.example\r\n"), "");
  EXPECT_EQ(bench.authentication.dmarc->result, AuthResult::pass);
  EXPECT_EQ(bench.authentication.dmarc->disposition, "");
}

TEST_F(DmarcFilter, RefusesWhatIsSignedByAnother) {
  signed_by("reject.example.net");
  EXPECT_THAT(reply("From: a@reject.example\r\n"), HasSubstr("550 5.7.1"));
}

TEST_F(DmarcFilter, MarksWhatItsDomainWantsSetApart) {
  const auto outcome = judge("From: a@quarantine.example\r\n");
  EXPECT_TRUE(outcome.quarantine);
  EXPECT_THAT(outcome.quarantine_why, HasSubstr("DMARC fail of quarantine.example"));
}

TEST_F(DmarcFilter, LetsPassWhereTheDomainAsksForNothing) {
  EXPECT_EQ(reply("From: a@none.example\r\n"), "");
  EXPECT_EQ(reply("From: a@without.example\r\n"), "");
  EXPECT_EQ(reply("From: a@wrong.example\r\n"), "");
  EXPECT_EQ(bench.authentication.dmarc->result, AuthResult::permerror);
}

TEST_F(DmarcFilter, DoesWhatTheSettingsSay) {
  EXPECT_EQ(reply("From: a@reject.example\r\n", {{"reject", std::string("tag")}}), "");
  EXPECT_THAT(edited(), HasSubstr("X-Sekisho-DMARC: fail reject"));
  EXPECT_THAT(reply("From: a@none.example\r\n", {{"none", std::string("reject")}}),
              HasSubstr("550 5.7.1 DMARC"));
  EXPECT_THAT(reply("From: a@wrong.example\r\n", {{"permerror", std::string("reject")}}),
              HasSubstr("550 5.7.1 DMARC: the record of wrong.example is wrong"));
}

TEST_F(DmarcFilter, LeavesNoMarkThatTheSenderMade) {
  signed_by("reject.example");
  judge("From: a@reject.example\r\n");
  EXPECT_EQ(bench.edits.apply("X-Sekisho-DMARC: pass\r\nTo: b\r\n"), "To: b\r\n");
}

TEST_F(DmarcFilter, RefusesAMessageWhoseAuthorCannotBeTold) {
  signed_by("reject.example");
  EXPECT_EQ(reply("From: a@reject.example\r\nFrom: b@none.example\r\n"),
            "550 5.7.1 DMARC: the message has several From fields");
  EXPECT_EQ(bench.authentication.dmarc->result, AuthResult::permerror);
  EXPECT_EQ(reply("To: a@reject.example\r\n"), "550 5.7.1 DMARC: the message has no From");
  EXPECT_EQ(reply("To: x\r\n", {{"bad_from", std::string("pass")}}), "");
  EXPECT_TRUE(judge("To: x\r\n", {{"bad_from", std::string("quarantine")}}).quarantine);
}

TEST_F(DmarcFilter, DefersWhatCouldNotBeLookedUp) {
  dns.behave(testing::DnsServer::Manner::fail);
  EXPECT_EQ(reply("From: a@reject.example\r\n"),
            "451 4.7.1 DMARC: mail from reject.example can't be verified now, try again later");
  EXPECT_EQ(reply("From: a@reject.example\r\n", {{"temperror", std::string("pass")}}), "");
}

TEST_F(DmarcFilter, DefersWhatAKeyThatWasNotThereCouldHaveLetPass) {
  signed_by("reject.example", AuthResult::temperror);
  EXPECT_THAT(reply("From: a@reject.example\r\n"), HasSubstr("451 4.7.1"));
  bench.authentication = {};
  signed_by("none.example", AuthResult::temperror);
  EXPECT_EQ(reply("From: a@none.example\r\n"), "");
}

TEST_F(DmarcFilter, ChecksNeitherUsersNorOurOwnNetworksUnlessAsked) {
  bench.peer.user = "alice";
  EXPECT_EQ(reply("From: a@reject.example\r\n"), "");
  EXPECT_FALSE(bench.authentication.dmarc);
  EXPECT_THAT(reply("From: a@reject.example\r\n", {{"check_authenticated", true}}),
              HasSubstr("550"));
  bench.peer.user = "";
  bench.peer.in_trusted_network = true;
  EXPECT_EQ(reply("From: a@reject.example\r\n"), "");
  EXPECT_THAT(reply("From: a@reject.example\r\n", {{"check_internal", true}}), HasSubstr("550"));
  bench.peer.in_trusted_network = false;
  bench.peer.is_listed_device = true;
  EXPECT_EQ(reply("From: a@reject.example\r\n"), "");
  bench.peer.is_listed_device = false;
  EXPECT_EQ(reply("From: a@reject.example\r\n",
                  {{"allow_networks", std::vector{*Network::parse("192.0.2.0/24")}}}),
            "");
}

TEST_F(DmarcFilter, LetsPassWhatATrustedForwarderVouchesFor) {
  const std::string header =
      "ARC-Seal: i=1; cv=none; d=lists.example\r\nARC-Message-Signature: i=1; d=lists.example\r\n"
      "ARC-Authentication-Results: i=1; lists.example; dmarc=pass header.from=reject.example\r\n"
      "From: a@reject.example\r\n";
  mail::ArcFact& arc = bench.authentication.arc.emplace();
  arc.result = AuthResult::pass;
  arc.domain = "lists.example";
  EXPECT_THAT(reply(header), HasSubstr("550"));
  EXPECT_EQ(reply(header, {{"trusted_sealers", std::vector<std::string>{"Lists.example"}}}), "");
  EXPECT_EQ(bench.authentication.dmarc->result, AuthResult::fail);
  EXPECT_EQ(bench.authentication.dmarc->disposition, "none");
}

TEST_F(DmarcFilter, TakesTheSameMessageOutOfTheSampleEachTime) {
  const std::string header = "From: a@some.example\r\nMessage-ID: <1@some.example>\r\n";
  EXPECT_TRUE(judge(header).quarantine);
  EXPECT_TRUE(judge(header).quarantine);
}

TEST_F(DmarcFilter, IsNotBuiltWithoutASuffixList) {
  const auto blueprint = make_dmarc();
  filters::testing::TestSettings settings(
      {{"public_suffixes", std::filesystem::path("/nonexistent")}});
  blueprint->visit(settings);
  const auto built = blueprint->build();
  ASSERT_FALSE(built.has_value());
  EXPECT_EQ(built.error().text, "\"/nonexistent\" is no public suffix list");
}

}  // namespace
}  // namespace sekisho::dmarc
