// Which upstreams a recipient's mail goes to.
#include "gateway/upstream/routes.h"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace sekisho::upstream {
namespace {

using Words = std::vector<std::string>;

// A route with one condition.
RouteSettings with(Words RouteSettings::* condition, Words values) {
  RouteSettings settings;
  settings.*condition = std::move(values);
  return settings;
}

struct RoutesTest : testing::Test {
  RouteTable table;
  test::TempDir folder;
  std::shared_ptr<const Routes> routes;

  // Upstreams a, b and c.
  Result<std::shared_ptr<const Routes>> create() {
    Upstreams upstreams;
    for (const char* name : {"a", "b", "c"}) {
      UpstreamSettings settings;
      settings.host = "127.0.0.1";
      settings.tls = TlsMode::never;
      upstreams.push_back(Upstream::make(name, settings, "gateway.test").value());
    }
    return Routes::create(table, upstreams);
  }
  void SetUp() override { table["r"].upstreams = {"b"}; }
  // The route's name, "default" or "none".
  std::string way(std::string_view from, std::string_view to, std::string_view user = {},
                  std::string_view listener = "mx") {
    if (!routes) routes = create().value();
    std::optional<smtp::Mailbox> sender;
    if (!from.empty()) sender = smtp::parse_mailbox(from).value();
    const smtp::Mailbox recipient = smtp::parse_mailbox(to).value();
    const Route* route = routes->find({.listener = listener,
                                       .user = user,
                                       .sender = sender ? &*sender : nullptr,
                                       .recipient = recipient});
    if (route == nullptr) return "none";
    return route->name.empty() ? "default" : route->name;
  }
};

TEST_F(RoutesTest, ARecipientDomainIsItselfAndAStarIsWhatIsBelow) {
  table["r"].recipient_domains = {"example.com", "*.example.net"};
  EXPECT_EQ(way("x@y.org", "bob@example.com"), "r");
  EXPECT_EQ(way("x@y.org", "bob@EXAMPLE.com"), "r");
  EXPECT_EQ(way("x@y.org", "bob@a.example.com"), "default");
  EXPECT_EQ(way("x@y.org", "bob@a.b.example.net"), "r");
  EXPECT_EQ(way("x@y.org", "bob@example.net"), "default");
  EXPECT_EQ(way("x@y.org", "bob@notexample.com"), "default");
}

TEST_F(RoutesTest, ASenderIsAnAddressADomainWhatIsBelowOrTheEmptyOne) {
  table["r"].senders = {"Alice@example.org", "example.com", "*.example.net", "<>"};
  EXPECT_EQ(way("alice@example.org", "x@y.org"), "r");
  EXPECT_EQ(way("bob@example.org", "x@y.org"), "default");
  EXPECT_EQ(way("bob@example.com", "x@y.org"), "r");
  EXPECT_EQ(way("bob@a.example.com", "x@y.org"), "default");
  EXPECT_EQ(way("bob@a.example.net", "x@y.org"), "r");
  EXPECT_EQ(way("bob@example.net", "x@y.org"), "default");
  EXPECT_EQ(way("", "x@y.org"), "r");
}

TEST_F(RoutesTest, AllConditionsMustHold) {
  table["r"].users = {"alice"};
  table["r"].listeners = {"submission"};
  table["r"].recipient_domains = {"example.com"};
  EXPECT_EQ(way("a@b.org", "x@example.com", "alice", "submission"), "r");
  EXPECT_EQ(way("a@b.org", "x@example.com", "bob", "submission"), "default");
  EXPECT_EQ(way("a@b.org", "x@example.com", "", "submission"), "default");
  EXPECT_EQ(way("a@b.org", "x@example.com", "alice", "mx"), "default");
  EXPECT_EQ(way("a@b.org", "x@example.org", "alice", "submission"), "default");
}

TEST_F(RoutesTest, TheLowerNumberIsAskedFirstAndThenTheName) {
  table["r"].order = 20;
  table["s"] = with(&RouteSettings::senders, {"b.org"});
  table["s"].order = 10;
  table["s"].upstreams = {"c"};
  table["t"].order = 20;
  table["t"].upstreams = {"a"};
  EXPECT_EQ(way("a@b.org", "x@example.com"), "s");
  EXPECT_EQ(way("a@c.org", "x@example.com"), "r");
}

TEST_F(RoutesTest, WhatNoRouteTakesGoesToTheUpstreamsThatNoneNames) {
  table["r"].recipient_domains = {"example.com"};
  routes = create().value();
  const smtp::Mailbox recipient = smtp::parse_mailbox("x@y.org").value();
  const Route* route = routes->find({.listener = "mx", .user = {}, .recipient = recipient});
  ASSERT_NE(route, nullptr);
  ASSERT_EQ(route->upstreams.size(), 2U);
  EXPECT_EQ(route->upstreams[0]->name, "a");
  EXPECT_EQ(route->upstreams[1]->name, "c");
}

TEST_F(RoutesTest, WithEveryUpstreamNamedNothingIsLeftForOtherMail) {
  table["r"].recipient_domains = {"example.com"};
  table["r"].upstreams = {"a", "b", "c"};
  EXPECT_EQ(way("a@b.org", "x@example.org"), "none");
}

TEST_F(RoutesTest, AFileOfDomainsIsReadAgainAndABrokenOneLeavesWhatWas) {
  const auto file = folder.write("domains", "example.com\n");
  table["r"].recipient_domains_file = file;
  EXPECT_EQ(way("a@b.org", "x@example.net"), "default");
  (void)folder.write("domains", "example.net # now\n*.com\n");
  EXPECT_TRUE(routes->reload_if_changed().value());
  EXPECT_EQ(way("a@b.org", "x@example.net"), "r");
  EXPECT_EQ(way("a@b.org", "x@example.com"), "r");
  (void)folder.write("domains", "not a domain, this\n");
  EXPECT_FALSE(routes->reload_if_changed());
  EXPECT_EQ(way("a@b.org", "x@example.net"), "r");
}

TEST_F(RoutesTest, ABrokenFileOfDomainsIsToldWithItsPlace) {
  table["r"].recipient_domains_file = folder.write("domains", "example.com\na b\n");
  const auto made = create();
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().text.find("domains:2:2: one domain a line"), std::string::npos)
      << made.error().text;
}

TEST(RouteSettings, CoversWhatLeavesNothing) {
  const RouteSettings all;
  const RouteSettings domain = with(&RouteSettings::recipient_domains, {"example.com"});
  const RouteSettings below = with(&RouteSettings::recipient_domains, {"*.com"});
  const RouteSettings sender = with(&RouteSettings::senders, {"alice@example.com"});
  const RouteSettings senders = with(&RouteSettings::senders, {"example.com"});
  RouteSettings file;
  file.recipient_domains_file = "x";
  RouteSettings mx = domain;
  mx.listeners = {"mx"};
  EXPECT_TRUE(all.covers(domain));
  EXPECT_TRUE(below.covers(domain));
  EXPECT_TRUE(senders.covers(sender));
  EXPECT_TRUE(domain.covers(mx));
  EXPECT_TRUE(file.covers(file));
  EXPECT_FALSE(domain.covers(below));
  EXPECT_FALSE(domain.covers(all));
  EXPECT_FALSE(sender.covers(senders));
  EXPECT_FALSE(mx.covers(domain));
  EXPECT_FALSE(file.covers(domain));
  EXPECT_FALSE(below.covers(file));
}

}  // namespace
}  // namespace sekisho::upstream
