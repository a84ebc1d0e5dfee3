#include "gateway/relay/relay_gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/relay/trusted_network.h"
#include "tests/support/settings_errors.h"
#include "tests/unit/relay/list_file.h"

namespace sekisho::relay {
namespace {

using Source = RelayGrant::Source;
using testing::HasSubstr;

std::vector<Network> networks(const std::vector<std::string>& texts) {
  std::vector<Network> all;
  for (const auto& text : texts) all.push_back(Network::parse(text).value());
  return all;
}

std::shared_ptr<const RelayGate> make_gate(RelaySettings settings) {
  auto gate = RelayGate::create(settings);
  if (!gate) throw std::runtime_error(gate.error().text);
  return *gate;
}

std::shared_ptr<const RelayGate> usual_gate() {
  return make_gate({.domains = {"example.com", "*.example.org"},
                    .domains_file = {},
                    .networks = networks({"10.1.0.0/16", "fd00:1::/32"})});
}

RelayQuestion ask(RelayPolicy policy, std::string_view user, std::string_view client,
                  smtp::Mailbox recipient) {
  return {.policy = policy,
          .authenticated_user = user,
          .client = IpAddress::parse(client).value(),
          .recipient = std::move(recipient)};
}

constexpr RelayPolicy kAll{.by_authentication = true, .by_network = true, .by_local_domain = true};
const smtp::Mailbox kForeign{.local = "user", .domain = "elsewhere.net"};
const smtp::Mailbox kOurs{.local = "user", .domain = "example.com"};

// Every combination of policy, user, client and recipient, against the rule in words.
TEST(RelayGate, GrantsExactlyWhatThePolicyNamesAndTheFactsBear) {
  const auto gate = usual_gate();
  for (int bits = 0; bits < 64; ++bits) {
    const auto bit = [bits](int i) { return (bits >> i & 1) != 0; };
    const RelayPolicy policy{
        .by_authentication = bit(0), .by_network = bit(1), .by_local_domain = bit(2)};
    const auto question = ask(policy, bit(3) ? "alice" : "", bit(4) ? "10.1.2.3" : "192.0.2.9",
                              bit(5) ? kOurs : kForeign);
    const auto answer = gate->decide(question);
    if (bit(0) && bit(3)) {
      ASSERT_TRUE(answer.has_value()) << bits;
      EXPECT_EQ(answer->source(), Source::authenticated);
    } else if (bit(1) && bit(4)) {
      ASSERT_TRUE(answer.has_value()) << bits;
      EXPECT_EQ(answer->source(), Source::client_network);
    } else if (bit(2) && bit(5)) {
      ASSERT_TRUE(answer.has_value()) << bits;
      EXPECT_EQ(answer->source(), Source::local_domain);
    } else {
      ASSERT_FALSE(answer.has_value()) << bits;
      EXPECT_EQ(answer.error().code, 550);
      EXPECT_EQ(answer.error().enhanced->to_string(), "5.7.1");
      EXPECT_THAT(answer.error().lines.at(0), HasSubstr("relaying denied"));
    }
  }
}

TEST(RelayGate, DefaultQuestionIsDenied) { EXPECT_FALSE(usual_gate()->decide({}).has_value()); }

TEST(RelayGate, TrustsClientsByAddressAndNotByForm) {
  const auto gate = usual_gate();
  EXPECT_TRUE(gate->is_trusted_client(IpAddress::parse("10.1.255.255").value()));
  EXPECT_TRUE(gate->is_trusted_client(IpAddress::parse("::ffff:10.1.0.1").value()));
  EXPECT_TRUE(gate->is_trusted_client(IpAddress::parse("fd00:1::7").value()));
  for (const char* stranger : {"10.2.0.1", "10.0.255.255", "127.0.0.1", "::1", "fd00:2::7",
                               "::10.1.0.1", "a01::", "0.0.0.0", "::"}) {
    EXPECT_FALSE(gate->is_trusted_client(IpAddress::parse(stranger).value())) << stranger;
  }
}

TEST(RelayGate, PostmasterWithoutDomainIsOursWhenThereIsADomain) {
  constexpr RelayPolicy kLocal{.by_local_domain = true};
  const smtp::Mailbox postmaster{.local = "PostMaster", .domain = {}};
  const auto granted = usual_gate()->decide(ask(kLocal, "", "192.0.2.9", postmaster));
  ASSERT_TRUE(granted.has_value());
  EXPECT_EQ(granted->source(), Source::local_domain);
  EXPECT_FALSE(make_gate({})->decide(ask(kLocal, "", "192.0.2.9", postmaster)).has_value());
  EXPECT_FALSE(usual_gate()->decide(ask({}, "", "192.0.2.9", postmaster)).has_value());
}

TEST(RelayGate, NoOtherNameWithoutDomainIsOurs) {
  constexpr RelayPolicy kLocal{.by_local_domain = true};
  for (const char* local :
       {"root", "postmaster%evil.net", "postmaster@evil.net", "", "postmaste"}) {
    const smtp::Mailbox bare{.local = local, .domain = {}};
    EXPECT_FALSE(usual_gate()->decide(ask(kLocal, "", "192.0.2.9", bare)).has_value()) << local;
  }
}

// Even if a value claims to be both.
TEST(RelayGate, LiteralIsNeverOurs) {
  constexpr RelayPolicy kLocal{.by_local_domain = true};
  const smtp::Mailbox literal{.local = "user", .domain = "example.com", .literal = true};
  EXPECT_FALSE(usual_gate()->decide(ask(kLocal, "", "192.0.2.9", literal)).has_value());
}

TEST(RelayGate, RefusalSaysWhyAnAddressOfOursIsNotTaken) {
  constexpr RelayPolicy kLocal{.by_local_domain = true};
  auto question = ask(kLocal, "", "192.0.2.9", {.local = "a%evil.net", .domain = "example.com"});
  EXPECT_EQ(usual_gate()->decide(question).error().lines.at(0),
            "<a%evil.net@example.com>: relaying denied (the local part holds another address)");
  question.recipient = kOurs;
  question.source_route = true;
  EXPECT_EQ(usual_gate()->decide(question).error().lines.at(0),
            "<user@example.com>: relaying denied (source routes are not taken)");
}

TEST(RelayGate, RefusalHintsAtLoggingInOnlyWhereThatWouldHelp) {
  const auto reply = [](RelayPolicy policy) {
    return usual_gate()->decide(ask(policy, "", "192.0.2.9", kForeign)).error().lines.at(0);
  };
  EXPECT_EQ(reply({.by_authentication = true}),
            "<user@elsewhere.net>: relaying denied (log in first)");
  EXPECT_EQ(reply({.by_local_domain = true}), "<user@elsewhere.net>: relaying denied");
}

TEST(RelayGate, RefusalCarriesNoControlByteOfTheAddress) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string local{'a', static_cast<char>(byte), 'b'};
    const auto answer = usual_gate()->decide(
        ask(kAll, "", "192.0.2.9", {.local = local, .domain = "elsewhere.net"}));
    ASSERT_FALSE(answer.has_value());
    const std::string wire = answer.error().wire();
    EXPECT_EQ(wire.find_first_of("\r\n"), wire.size() - 2) << byte;
    for (const char c : wire.substr(0, wire.size() - 2)) {
      EXPECT_TRUE(c >= 0x20 && c < 0x7F) << byte;
    }
  }
}

TEST(RelayGate, FollowsItsDomainsFile) {
  const test::ListFile file("first.net\n");
  const auto gate = make_gate({.domains = {}, .domains_file = file.path(), .networks = {}});
  EXPECT_TRUE(gate->is_local_domain("first.net"));
  file.replace("second.net\n");
  EXPECT_TRUE(gate->reload_if_changed().value());
  EXPECT_FALSE(gate->is_local_domain("first.net"));
  EXPECT_TRUE(gate->is_local_domain("second.net"));
}

TEST(RelaySettings, PublicNetworksNeedAWordAndThoseWithStrangersAreRefusedAnyway) {
  struct Case {
    const char* network;
    bool alone;
    bool confirmed;
  };
  const Case cases[] = {
      // The whole Internet, and good parts of it.
      {"0.0.0.0/0", false, false},
      {"::/0", false, false},
      {"::ffff:0:0/96", false, false},
      {"0.0.0.0/1", false, false},
      {"128.0.0.0/7", false, false},
      {"2000::/3", false, false},
      {"2001::/16", false, false},
      {"2002::/16", false, false},
      {"10.0.0.0/7", false, false},
      {"fc00::/7", false, false},
      // What no client comes from, and what everybody comes from.
      {"0.0.0.0", false, false},
      {"224.0.0.0/8", false, false},
      {"239.1.2.3", false, false},
      {"255.255.255.255", false, false},
      {"::", false, false},
      {"ff02::1", false, false},
      {"64:ff9b::/96", false, false},
      {"64:ff9b::c000:201", false, false},
      // Public ones of more than a site's size, with private addresses among them or not.
      {"8.0.0.0/8", false, false},
      {"100.64.0.0/10", false, false},
      {"172.0.0.0/11", false, false},
      {"192.168.0.0/15", false, false},
      {"203.0.112.0/23", false, false},
      {"2001:db8::/32", false, false},
      {"2001:db8::/47", false, false},
      // A site's own.
      {"203.0.113.0/24", false, true},
      {"198.51.100.7", false, true},
      {"2001:db8::/48", false, true},
      {"2001:db8::1", false, true},
      // Private ones.
      {"10.0.0.0/8", true, true},
      {"172.16.0.0/12", true, true},
      {"192.168.7.0/24", true, true},
      {"169.254.0.0/16", true, true},
      {"127.0.0.1", true, true},
      {"fd00::/32", true, true},
      {"fe80::/64", true, true},
      {"::1", true, true}};
  for (const auto& [text, alone, confirmed] : cases) {
    const Network network = Network::parse(text).value();
    for (const bool confirm : {false, true}) {
      const bool good = confirm ? confirmed : alone;
      RelaySettings settings;
      settings.networks = {network};
      settings.networks_may_be_public = confirm;
      EXPECT_EQ(check_trusted_network(network, confirm).has_value(), good) << text << confirm;
      EXPECT_EQ(RelayGate::create(settings).has_value(), good) << text << confirm;
      test::SettingsErrors visitor;
      settings.visit(visitor);
      EXPECT_EQ(visitor.errors.empty(), good) << text << confirm;
    }
  }
}

TEST(RelaySettings, ReportsEveryBadEntryAtItsKey) {
  RelaySettings settings;
  settings.domains = {"good.com", "*.com", "user@bad.com"};
  settings.networks = networks({"0.0.0.0/0"});
  test::SettingsErrors visitor;
  settings.visit(visitor);
  ASSERT_EQ(visitor.errors.size(), 3U);
  EXPECT_THAT(visitor.errors[0], HasSubstr("domains: \"*.com\""));
  EXPECT_THAT(visitor.errors[1], HasSubstr("user@bad.com"));
  EXPECT_THAT(visitor.errors[2], HasSubstr("networks: 0.0.0.0/0 is the whole Internet"));
}

TEST(RelaySettings, DocumentsEverySetting) {
  RelaySettings settings;
  test::SettingsErrors visitor;
  settings.visit(visitor);
  EXPECT_THAT(visitor.undocumented, testing::IsEmpty());
  EXPECT_THAT(visitor.keys, testing::ElementsAre("domains", "domains_file", "networks",
                                                 "networks_may_be_public"));
}

TEST(RelayGate, TheAddressOfAProxyThatNamesNoClientIsInNoNetwork) {
  const auto gate = usual_gate();
  RelayQuestion question = ask(kAll, "", "10.1.2.3", kForeign);
  EXPECT_TRUE(gate->decide(question));
  question.client_is_known = false;
  EXPECT_FALSE(gate->decide(question));
  question.recipient = kOurs;
  EXPECT_TRUE(gate->decide(question));
}

}  // namespace
}  // namespace sekisho::relay
