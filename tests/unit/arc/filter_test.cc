#include "filters/arc/filter.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "filters/arc/seal_filter.h"
#include "filters/dkim/key.h"
#include "filters/dkim/sign_job.h"
#include "tests/support/dns_server.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/arc/vectors.h"
#include "tests/unit/filters/bench.h"

namespace sekisho::arc {
namespace {

using filters::Stage;
using filters::testing::Bench;
using mail::AuthResult;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class ArcFilters : public ::testing::Test {
 public:
  ArcFilters() {
    dns.add_txt("s1._domainkey.lists.example.org", testing::kRecord);
    dns.add_txt("s2._domainkey.gmail.example", testing::kRecord);
    bench.now = WallTime{std::chrono::seconds(1'800'000'000)};
  }

  // The filter's check of a message, at `end`; at `sign`, what it puts on top.
  std::vector<std::string> run(const std::shared_ptr<const filters::Filter>& filter, Stage stage,
                               std::string_view text) {
    mail::Message message(bench.loop, bench.offload, {dir.path()}, {});
    const auto body = text.find("\r\n\r\n") + 4;
    message.mutable_header_section() = text.substr(0, body);
    EXPECT_TRUE(bench.loop.run_until_done(message.body().append(text.substr(body))));
    filters::Outgoing outgoing;
    outgoing.header_section = message.header_section();
    bench.message = &message;
    bench.outgoing = stage == Stage::sign ? &outgoing : nullptr;
    (void)bench.set_up_signers(*filter);
    const auto chain_run = bench.open(filter);
    EXPECT_FALSE(bench.run(*chain_run, stage).verdict.refuses());
    bench.message = nullptr;
    bench.outgoing = nullptr;
    return outgoing.on_top;
  }
  AuthResult verified(std::string_view text) {
    const auto blueprint = make_arc();
    run(filters::testing::build(*blueprint), Stage::end, text);
    return bench.authentication.arc ? bench.authentication.arc->result : AuthResult::policy;
  }
  std::vector<std::string> sealed(std::string_view text) {
    const auto key = *dkim::SigningKey::generate(dkim::Algorithm::ed25519_sha256, 0);
    const std::filesystem::path file = dir.write("key.pem", key.to_pem()->reveal());
    std::filesystem::permissions(file, std::filesystem::perms::owner_read);
    const auto blueprint = make_arc_seal();
    return run(filters::testing::build(*blueprint, {{"domain", std::string("Example.com")},
                                                    {"selector", std::string("s")},
                                                    {"key", file}}),
               Stage::sign, text);
  }

  test::TempDir dir;
  sekisho::testing::DnsServer dns;
  Bench bench{{.servers = {dns.endpoint().to_string()}}};
  const std::string twice{testing::kSealedTwice};
  const std::string plain = "From: a@example.org\r\n\r\nhello\r\n";
};

TEST_F(ArcFilters, VerifyAChainWithTheKeysOfTheDns) {
  EXPECT_EQ(verified(twice), AuthResult::pass);
  EXPECT_EQ(bench.authentication.arc->instances, 2);
  EXPECT_EQ(bench.authentication.arc->domain, "gmail.example");
  EXPECT_EQ(bench.counted("arc_results_total", {{"result", "pass"}}), 1);
}

TEST_F(ArcFilters, AskForNoKeyOfAMessageThatWasChanged) {
  std::string changed = twice;
  changed.replace(changed.find("Hey gang"), 3, "hey");
  EXPECT_EQ(verified(changed), AuthResult::fail);
  EXPECT_EQ(bench.authentication.arc->reason, "the body was changed");
  EXPECT_EQ(dns.asked("s2._domainkey.gmail.example"), 0);
}

TEST_F(ArcFilters, TellAFailedLookUpFromABrokenChain) {
  dns.behave(sekisho::testing::DnsServer::Manner::fail);
  EXPECT_EQ(verified(twice), AuthResult::temperror);
}

TEST_F(ArcFilters, FindNoChainInMostMail) { EXPECT_EQ(verified(plain), AuthResult::none); }

TEST_F(ArcFilters, DoNotVerifyWhatUsersSend) {
  bench.peer.user = "alice";
  verified(twice);
  EXPECT_FALSE(bench.authentication.arc);
}

TEST_F(ArcFilters, SealMailWithItsResults) {
  verified(plain);
  mail::SpfFact& spf = bench.authentication.spf.emplace_back();
  spf.result = AuthResult::pass;
  spf.address = "a@example.org";
  const auto fields = sealed(plain);
  EXPECT_THAT(fields, ElementsAre(HasSubstr("ARC-Authentication-Results: i=1; gateway.example.com; "
                                            "spf=pass"),
                                  StartsWith("ARC-Message-Signature: i=1;"),
                                  StartsWith("ARC-Seal: i=1; a=ed25519-sha256; cv=none; "
                                             "d=example.com;")));
  EXPECT_EQ(bench.counted("arc_seals_total", {{"chain", "none"}}), 1);
}

TEST_F(ArcFilters, ContinueAChain) {
  verified(twice);
  EXPECT_THAT(sealed(twice).at(2), HasSubstr("i=3; a=ed25519-sha256; cv=pass;"));
}

TEST_F(ArcFilters, DoNotSealWhatWasNotVerifiedOrIsOurOwn) {
  EXPECT_THAT(sealed(twice), IsEmpty());
  verified(twice);
  bench.envelope.submitted = true;
  EXPECT_THAT(sealed(twice), IsEmpty());
  bench.envelope.submitted = false;
  bench.authentication.arc->result = AuthResult::temperror;
  EXPECT_THAT(sealed(twice), IsEmpty());
}

TEST_F(ArcFilters, AreNotBuiltWithoutAKey) {
  const auto blueprint = make_arc_seal();
  EXPECT_THAT(filters::testing::setting_errors(*blueprint, {}),
              ElementsAre("domain: is missing", "selector: is missing", "key: is missing"));
  EXPECT_THAT(filters::testing::setting_errors(*make_arc_seal(),
                                               {{"domain", std::string("a b")},
                                                {"selector", std::string("s")},
                                                {"key", std::filesystem::path("/nonexistent")}}),
              ElementsAre("domain: is no domain"));
}

}  // namespace
}  // namespace sekisho::arc
