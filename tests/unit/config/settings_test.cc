// What follows from what: defaults by profile, inherited filters, warnings.
#include "gateway/config/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/config/config_test_support.h"

namespace sekisho::config {
namespace {

Loaded load_good(const std::string& text) {
  auto loaded = load_text(text, "t.toml");
  EXPECT_TRUE(loaded) << rendered(loaded.error());
  return loaded ? std::move(*loaded) : Loaded{};
}

std::string inside(std::string_view address, std::string_view networks) {
  return std::string(kTop) + "[listener.in]\nprofile = \"internal\"\naddress = \"" +
         std::string(address) + "\"\n[relay]\nnetworks = " + std::string(networks) + "\n";
}

TEST(Settings, RelayingNeedsExactlyWhatTheProfileNames) {
  for (const Profile profile : {Profile::submission, Profile::submissions}) {
    const relay::RelayPolicy policy = relay_policy(profile);
    EXPECT_TRUE(policy.by_authentication);
    EXPECT_FALSE(policy.by_network);
    EXPECT_FALSE(policy.by_local_domain);
  }
  const relay::RelayPolicy mx = relay_policy(Profile::mx);
  EXPECT_FALSE(mx.by_authentication);
  EXPECT_FALSE(mx.by_network);
  EXPECT_TRUE(mx.by_local_domain);
  const relay::RelayPolicy internal = relay_policy(Profile::internal);
  EXPECT_FALSE(internal.by_authentication);
  EXPECT_TRUE(internal.by_network);
  EXPECT_FALSE(internal.by_local_domain);
}

TEST(Settings, TlsIsNotRequiredOfMxAndInternalByDefault) {
  EXPECT_FALSE(load_good(good_config()).settings.listeners.at("in").require_tls);
  const Loaded loaded = load_good(inside("127.0.0.1:2525", "[\"127.0.0.0/8\"]"));
  EXPECT_FALSE(loaded.settings.listeners.at("in").require_tls);
}

TEST(Settings, ListenerInheritsTheFiltersOnTopUnlessItHasItsOwn) {
  const Loaded loaded = load_good(
      "filters = [\"headers\"]\n" + good_config() +
      "[listener.own]\naddress = \"127.0.0.1:2526\"\nprofile = \"mx\"\nfilters = [\"example\"]\n"
      "[listener.none]\naddress = \"127.0.0.1:2527\"\nprofile = \"mx\"\nfilters = []\n");
  EXPECT_THAT(loaded.settings.listeners.at("in").filters, testing::ElementsAre("headers"));
  EXPECT_THAT(loaded.settings.listeners.at("own").filters, testing::ElementsAre("example"));
  EXPECT_THAT(loaded.settings.listeners.at("none").filters, testing::IsEmpty());
}

TEST(Settings, FilterWithoutATableRunsWithItsDefaults) {
  const Loaded loaded = load_good("filters = [\"headers\"]\n" + good_config());
  ASSERT_TRUE(loaded.settings.filter_table.contains("headers"));
  const FilterSettings& filter = loaded.settings.filter_table.at("headers");
  EXPECT_EQ(filter.use, "headers");
  ASSERT_NE(filter.blueprint, nullptr);
  EXPECT_TRUE(filter.blueprint->build());
}

TEST(Settings, OneFilterCanBeUsedTwiceUnderTwoNames) {
  const Loaded loaded = load_good(
      "filters = [\"soft\", \"hard\"]\n" + good_config() +
      "[filter.soft]\nuse = \"example\"\nmode = \"observe\"\n[filter.hard]\nuse = \"example\"\n");
  const auto& table = loaded.settings.filter_table;
  EXPECT_EQ(table.at("soft").link.mode, filters::Mode::observe);
  EXPECT_EQ(table.at("hard").link.mode, filters::Mode::enforce);
  EXPECT_NE(table.at("soft").blueprint, table.at("hard").blueprint);
}

TEST(Settings, SystemHostNameIsTheDefault) {
  const auto loaded = load_text(std::string(kMx) + std::string(kDomains), "t.toml");
  ASSERT_TRUE(loaded);
  EXPECT_FALSE(loaded->settings.hostname.empty());
  EXPECT_FALSE(loaded->origins.contains("hostname"));
}

TEST(Settings, ConfirmedPublicNetworksOfOneSiteAreTaken) {
  const Loaded loaded = load_good(inside("127.0.0.1:2525",
                                         "[\"192.0.2.0/24\", \"2001:db8::/48\"]\n"
                                         "networks_may_be_public = true"));
  EXPECT_EQ(loaded.settings.relay.networks.size(), 2U);
  EXPECT_EQ(rendered(loaded.warnings), "");
}

TEST(Settings, TrustedPrivateNetworkIsWarnedOfAtItsPlace) {
  const Loaded loaded = load_good(inside("127.0.0.1:2525", "[\"127.0.0.1\", \"192.168.0.0/16\"]"));
  ASSERT_EQ(loaded.warnings.size(), 1U) << rendered(loaded.warnings);
  EXPECT_TRUE(loaded.warnings[0].warning);
  EXPECT_EQ(loaded.warnings[0].line, 6U);
  EXPECT_EQ(loaded.warnings[0].column, 26U);
  EXPECT_NE(loaded.warnings[0].message.find("NAT"), std::string::npos);
}

TEST(Settings, SinglePrivateHostAndTheLoopbackAreNotWarnedOf) {
  const Loaded loaded =
      load_good(inside("127.0.0.1:2525", "[\"127.0.0.0/8\", \"::1\", \"192.168.1.20\"]"));
  EXPECT_EQ(rendered(loaded.warnings), "");
}

TEST(Settings, InternalListenerInReachOfTheWorldIsWarnedOf) {
  for (const std::string address : {"0.0.0.0:2525", "[::]:2525", "192.0.2.1:2525"}) {
    const Loaded loaded = load_good(inside(address, "[\"127.0.0.1\"]"));
    ASSERT_EQ(loaded.warnings.size(), 1U) << rendered(loaded.warnings);
    EXPECT_NE(loaded.warnings[0].message.find("the world can reach"), std::string::npos);
  }
  EXPECT_EQ(rendered(load_good(inside("10.1.2.3:2525", "[\"127.0.0.1\"]")).warnings), "");
}

TEST(Settings, LmtpInReachOfTheWorldIsWarnedOf) {
  const auto lmtp = [](const std::string& address) {
    return std::string(kTop) + "[listener.in]\naddress = \"" + address +
           "\"\nprofile = \"mx\"\nprotocol = \"lmtp\"\n" + std::string(kDomains);
  };
  for (const std::string address : {"0.0.0.0:24", "[::]:24", "192.0.2.1:24"}) {
    const Loaded loaded = load_good(lmtp(address));
    ASSERT_EQ(loaded.warnings.size(), 1U) << rendered(loaded.warnings);
    EXPECT_NE(loaded.warnings[0].message.find("speaks LMTP"), std::string::npos);
  }
  EXPECT_EQ(rendered(load_good(lmtp("127.0.0.1:24")).warnings), "");
}

TEST(Settings, SendersWithoutALogInAreWarnedOf) {
  const Loaded loaded = load_good(good_config() + "[sender]\nlogin_domains = [\"example.com\"]\n");
  ASSERT_EQ(loaded.warnings.size(), 1U) << rendered(loaded.warnings);
  EXPECT_NE(loaded.warnings[0].message.find("no listener lets users log in"), std::string::npos);
  EXPECT_EQ(rendered(load_good(good_config() + "[sender]\npolicy = \"log\"\n").warnings), "");
}

TEST(Settings, SettingsWithoutEffectAreWarnedOf) {
  const Loaded networks = load_good(good_config() + "networks = [\"127.0.0.1\"]\n");
  EXPECT_NE(rendered(networks.warnings).find("no listener has the profile internal"),
            std::string::npos);
  const Loaded filter = load_good(good_config() + "[filter.headers]\nmode = \"observe\"\n");
  EXPECT_NE(rendered(filter.warnings).find("no listener uses this filter"), std::string::npos);
}

TEST(Settings, AJudgeOfMailThatNobodyLookedAtIsWarnedOf) {
  const auto warned = [](const std::string& tables) {
    return rendered(
        load_good("filters = [\"spf\", \"dkim\", \"dmarc\"]\n" + good_config() + tables).warnings);
  };
  const std::string dmarc = "[filter.dmarc]\ncheck_authenticated = true\n";
  EXPECT_EQ(warned(""), "");
  EXPECT_NE(
      warned(dmarc).find("\"dmarc\" judges mail of users who logged in, of which dkim and spf "
                         "find out nothing"),
      std::string::npos)
      << warned(dmarc);
  const std::string internal =
      "[filter.spf]\ncheck_internal = true\n[filter.dmarc]\n"
      "check_internal = true\n";
  EXPECT_NE(warned(internal).find("our own networks and devices, of which dkim finds out nothing"),
            std::string::npos)
      << warned(internal);
  EXPECT_EQ(warned(internal + "[filter.dkim]\ncheck_submitted = true\n"), "");
}

TEST(Settings, MetricsPageInReachOfOthersIsWarnedOf) {
  const Loaded open = load_good("metrics_address = \"0.0.0.0:9100\"\n" + good_config());
  EXPECT_NE(rendered(open.warnings).find("asks for no password"), std::string::npos);
  EXPECT_EQ(rendered(load_good("metrics_address = \"127.0.0.1:9100\"\n" + good_config()).warnings),
            "");
}

TEST(Settings, PortZeroIsForTheLoopbackAlone) {
  const std::string tables =
      "[listener.a]\naddress = \"127.0.0.1:0\"\nprofile = \"mx\"\n"
      "[listener.b]\naddress = \"127.0.0.1:0\"\nprofile = \"mx\"\n";
  EXPECT_TRUE(load_text(std::string(kTop) + tables + std::string(kDomains), "t.toml"));
}

TEST(Settings, OtherPortsOfTheSameHostAreNoLoop) {
  EXPECT_TRUE(
      load_text(good_config() + "[upstream.x]\nhost = \"127.0.0.1\"\nport = 10025\n", "t.toml"));
}

}  // namespace
}  // namespace sekisho::config
