#include "filters/spf/filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "filters/spf/outgoing.h"
#include "filters/spf/received_spf.h"
#include "filters/spf/recently.h"
#include "tests/support/dns_server.h"
#include "tests/unit/filters/bench.h"

namespace sekisho::spf {
namespace {

using filters::ChainRun;
using filters::Stage;
using filters::testing::Bench;
using filters::testing::build;
using sekisho::testing::DnsServer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Kind = filters::Verdict::Kind;
using Settings = std::map<std::string, std::any>;

// A name server, and the filter asking it.
class SpfFilter : public ::testing::Test {
 protected:
  SpfFilter() {
    server_.add_txt("example.com", "v=spf1 ip4:192.0.2.0/28 ~all");
    server_.add_txt("forbids.example", "v=spf1 -all");
  }

  ChainRun::Outcome run(Settings settings = {}) {
    const auto chain = bench_.open(build(*make_spf(), std::move(settings)));
    return bench_.run(*chain, Stage::mail);
  }
  void sender(std::string_view address) { bench_.envelope.sender = *smtp::parse_mailbox(address); }
  std::string fields() { return bench_.edits.apply("\r\n"); }
  std::vector<std::string> facts() {
    std::vector<std::string> all;
    for (const auto& fact : bench_.authentication.spf)
      all.push_back(std::string(to_string(fact.identity)) + " " +
                    std::string(mail::to_string(fact.result)) + " " + fact.domain);
    return all;
  }

  DnsServer server_;
  Bench bench_{dns::DnsSettings{.servers = {server_.endpoint().to_string()},
                                .timeout = std::chrono::milliseconds(300)}};
};

TEST_F(SpfFilter, LeavesItsFindingsForTheFiltersBehindAndInTheHeader) {
  EXPECT_EQ(run().verdict.kind(), Kind::pass);
  EXPECT_THAT(facts(), ElementsAre("helo none client.example", "mailfrom pass example.com"));
  EXPECT_THAT(fields(), HasSubstr("Received-SPF: pass (gateway.example.com: domain of example.com "
                                  "allows"));
  EXPECT_EQ(bench_.counted("spf_results_total", {{"identity", "mailfrom"}, {"result", "pass"}}), 1);
}

TEST_F(SpfFilter, ARefusalByTheHeloNameStillSaysWhatTheSenderIs) {
  bench_.peer.helo = "Forbids.example";
  const auto outcome = run();
  EXPECT_EQ(outcome.verdict.reply().summary(),
            "550 5.7.23 SPF: 192.0.2.7 may not call itself forbids.example");
  EXPECT_THAT(facts(), ElementsAre("helo fail forbids.example", "mailfrom pass example.com"));
}

TEST_F(SpfFilter, ANullSenderIsAskedForOnceByItsHeloName) {
  bench_.envelope.sender.reset();
  bench_.peer.helo = "forbids.example";
  EXPECT_EQ(run().verdict.reply().code, 550);
  EXPECT_THAT(facts(), ElementsAre("helo fail forbids.example", "mailfrom fail forbids.example"));
  EXPECT_EQ(server_.asked("forbids.example"), 1);
}

TEST_F(SpfFilter, AnInternationalDomainIsAskedForByItsAsciiName) {
  server_.add_txt("xn--mnchen-3ya.example", "v=spf1 -all");
  bench_.envelope.sender =
      smtp::Mailbox{.local = "a", .domain = "m\xC3\xBCnchen.example", .literal = false};
  EXPECT_EQ(run().verdict.reply().code, 550);
}

TEST_F(SpfFilter, ASilentServerIsATemporaryErrorBeforeTheFilterIsCut) {
  server_.behave(DnsServer::Manner::silent);
  std::vector<filters::Link> links;
  links.push_back({.name = "spf", .filter = build(*make_spf()), .settings = {}});
  links.back().settings.timeout = std::chrono::milliseconds(200);
  const auto chain = bench_.open(std::move(links));
  const auto outcome = bench_.run(*chain, Stage::mail);
  EXPECT_EQ(outcome.verdict.reply().enhanced->to_string(), "4.7.24");
  EXPECT_THAT(facts(),
              ElementsAre("helo temperror client.example", "mailfrom temperror example.com"));
}

TEST_F(SpfFilter, AFailureOfOursIsATemporaryErrorOfTheNameThatDmarcCompares) {
  server_.behave(DnsServer::Manner::silent);
  bench_.peer.helo =
      "B\xC3\xBC"
      "cher.example";
  const auto fails = [&] {
    Bench bench{bench_.dns};
    bench.peer = bench_.peer;
    bench.envelope = bench_.envelope;
    const auto chain = bench.open(build(*make_spf()));
    Timer gone(bench.loop, [&bench] { bench.cancel.cancel(); });
    gone.start(1ms);
    EXPECT_TRUE(bench.run(*chain, Stage::mail).verdict.refuses());
    return bench.authentication.spf.at(0).domain;
  };
  bench_.envelope.sender =
      smtp::Mailbox{.local = "a", .domain = "m\xC3\xBCnchen.example", .literal = false};
  EXPECT_EQ(fails(), "xn--mnchen-3ya.example");
  bench_.envelope.sender.reset();
  EXPECT_EQ(fails(), "xn--bcher-kva.example");
}

TEST_F(SpfFilter, AClientThatGoesWhileALookUpIsPendingLeavesNothingBehind) {
  server_.behave(DnsServer::Manner::silent);
  const auto filter = build(*make_spf());
  for (int i = 0; i < 2000; ++i) {
    CancelSource cancel;
    test::DirectWorkers workers;
    filters::SessionContext context{.loop = bench_.loop,
                                    .offload = bench_.offload,
                                    .resolver = *bench_.resolver,
                                    .workers = workers,
                                    .log = *bench_.log,
                                    .metrics = bench_.metrics,
                                    .hostname = "gateway.example.com",
                                    .authserv_id = "gateway.example.com",
                                    .cancel = cancel};
    std::vector<filters::Link> links;
    links.push_back({.name = "spf", .filter = filter, .settings = {}});
    ChainRun chain(std::make_shared<const filters::Chain>(std::move(links)), context);
    sender("a@n" + std::to_string(i) + ".example");
    filters::View view = bench_.view();
    Timer gone(bench_.loop, [&cancel] { cancel.cancel(); });
    gone.start(std::chrono::microseconds(50 * (i % 5)));
    const auto outcome = bench_.loop.run_until_done(chain.run(Stage::mail, view));
    ASSERT_EQ(outcome.verdict.kind(), Kind::defer);
  }
  EXPECT_EQ(bench_.counted("filter_errors_total", {{"filter", "spf"}, {"kind", "cancelled"}}),
            2000);
}

TEST_F(SpfFilter, OurTagIsOursAlone) {
  sender("a@other.example");
  server_.add_txt("other.example", "v=spf1 ~all");
  EXPECT_EQ(run().verdict.kind(), Kind::pass);
  EXPECT_EQ(bench_.edits.apply("x-sekisho-spf: pass mailfrom\r\n\r\n").find("x-sekisho-spf"),
            std::string::npos);
  EXPECT_THAT(fields(), HasSubstr("X-Sekisho-SPF: softfail mailfrom\r\n"));
}

TEST(ReceivedSpf, LetsNothingOfTheOutsideEndAValue) {
  Finding finding;
  finding.domain = "x\r\ny (";
  finding.verdict.outcome = Outcome::permerror;
  finding.verdict.problem = "'a:\"x\\\r\nX-Evil: 1'";
  const std::string value = received_spf_value({.finding = finding,
                                                .client = *IpAddress::parse("2001:db8::7"),
                                                .helo = "a; identity=helo",
                                                .sender = "\"o\\\"x\"@example.org",
                                                .receiver = "gw.example.com"});
  EXPECT_EQ(value,
            "permerror (gw.example.com: the record of x??y ? is wrong) receiver=gw.example.com; "
            "client-ip=\"2001:db8::7\"; identity=mailfrom; "
            "envelope-from=\"\\\"o\\\\\\\"x\\\"@example.org\"; helo=\"a; identity=helo\"; "
            "problem=\"'a:\\\"x\\\\??X-Evil: 1'\"");
}

class SpfOutgoing : public SpfFilter {
 protected:
  SpfOutgoing() { bench_.peer.user = "ann"; }
  std::string warnings(ChainRun& chain) {
    const std::size_t before = bench_.log->kept().size();
    EXPECT_EQ(bench_.run(chain, Stage::mail).verdict.kind(), Kind::pass);
    std::string all;
    const auto kept = bench_.log->kept();
    for (std::size_t i = before; i < kept.size(); ++i) all += kept[i] + "\n";
    return all;
  }

  TimePoint now_{};
  std::shared_ptr<const filters::Filter> filter_ =
      build(*make_spf_outgoing([this] { return now_; }),
            {{"addresses", std::vector<std::string>{"192.0.2.1", "192.0.2.99"}}});
};

TEST_F(SpfOutgoing, WarnsOfTheAddressThatADomainDoesNotNameOnceAnHour) {
  const auto chain = bench_.open(filter_);
  const std::string told = warnings(*chain);
  EXPECT_THAT(told, HasSubstr("domain=example.com address=192.0.2.99 result=softfail"));
  EXPECT_THAT(told, Not(HasSubstr("address=192.0.2.1 ")));
  now_ += 59min;
  EXPECT_THAT(warnings(*chain), IsEmpty());
  now_ += 1min;
  EXPECT_THAT(warnings(*chain), HasSubstr("192.0.2.99"));
  EXPECT_EQ(bench_.counted("spf_outgoing_total", {{"result", "pass"}}), 2);
}

TEST_F(SpfOutgoing, AsksNothingForStrangers) {
  bench_.peer.user.clear();
  const auto chain = bench_.open(filter_);
  EXPECT_THAT(warnings(*chain), IsEmpty());
  EXPECT_EQ(server_.asked("example.com"), 0);
}

TEST_F(SpfOutgoing, NeedsAddresses) {
  EXPECT_THAT(filters::testing::setting_errors(*make_spf_outgoing(), {}),
              ElementsAre(HasSubstr("addresses")));
  EXPECT_THAT(filters::testing::setting_errors(
                  *make_spf_outgoing(), {{"addresses", std::vector<std::string>{"mail.example"}}}),
              ElementsAre(HasSubstr("mail.example")));
}

TEST(Recently, RemembersAtMostSoManyDomains) {
  Recently recently;
  const TimePoint start{};
  for (std::size_t i = 0; i < Recently::kMaxDomains; ++i)
    ASSERT_TRUE(recently.take_turn(std::to_string(i), start));
  EXPECT_FALSE(recently.take_turn("more", start));
  EXPECT_TRUE(recently.take_turn("more", start + Recently::kInterval));
}

}  // namespace
}  // namespace sekisho::spf
