#include "gateway/sender/ownership.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace sekisho::sender {
namespace {

std::shared_ptr<const SenderOwnership> make(const SenderSettings& settings) {
  auto made = SenderOwnership::create(settings);
  if (!made) throw std::runtime_error(made.error().text);
  return std::move(*made);
}

smtp::Mailbox address(std::string_view text) { return smtp::parse_mailbox(text, true).value(); }

TEST(SenderOwnership, ALoginThatIsAnAddressOwnsItAndItsTags) {
  const auto senders = make({});
  EXPECT_TRUE(senders->knows("ann@example.com"));
  EXPECT_TRUE(senders->owns("ann@example.com", address("ann@example.com")));
  EXPECT_TRUE(senders->owns("ann@example.com", address("Ann@EXAMPLE.com")));
  EXPECT_TRUE(senders->owns("ann@example.com", address("ann+news@example.com")));
  EXPECT_FALSE(senders->owns("ann@example.com", address("bob@example.com")));
  EXPECT_FALSE(senders->owns("ann+news@example.com", address("ann@example.com")));
}

TEST(SenderOwnership, TagsCanBeTurnedOff) {
  SenderSettings settings;
  settings.tag_separator.clear();
  EXPECT_FALSE(make(settings)->owns("ann@example.com", address("ann+news@example.com")));
}

TEST(SenderOwnership, KnowsNothingOfALoginThatIsNoAddress) {
  EXPECT_FALSE(make({})->knows("ann"));
  EXPECT_FALSE(make({})->knows("ann@"));
}

TEST(SenderOwnership, LoginDomainsMakeAddressesOfLogins) {
  SenderSettings settings;
  settings.login_domains = {"example.com", "Example.ORG"};
  const auto senders = make(settings);
  EXPECT_TRUE(senders->knows("ann"));
  EXPECT_TRUE(senders->owns("ann", address("ann@example.com")));
  EXPECT_TRUE(senders->owns("ann", address("ann@example.org")));
  EXPECT_FALSE(senders->owns("ann", address("bob@example.com")));
  EXPECT_FALSE(senders->owns("ann@example.net", address("ann@example.com")));
  EXPECT_TRUE(senders->knows("a b")) << "also who can be no local part is held to them";
  EXPECT_FALSE(senders->owns("a b", address("a@example.com")));
}

TEST(SenderOwnership, WithAMapEverybodyIsHeldToIt) {
  const test::TempDir folder;
  SenderSettings settings;
  settings.map_file = folder.write("senders", "ann: sales@example.com\n*: news@example.com\n");
  const auto senders = make(settings);
  EXPECT_TRUE(senders->knows("nobody"));
  EXPECT_FALSE(senders->owns("nobody", address("sales@example.com")));
  EXPECT_TRUE(senders->owns("nobody", address("news@example.com")));
  EXPECT_TRUE(senders->owns("ann", address("sales@example.com")));
  EXPECT_TRUE(senders->owns("bob@example.com", address("bob@example.com")));
  settings.own_login = false;
  EXPECT_FALSE(make(settings)->owns("bob@example.com", address("bob@example.com")));
}

TEST(SenderOwnership, SaysWhy) {
  const test::TempDir folder;
  SenderSettings settings;
  settings.map_file = folder.write("senders", "# x\nann: sales@example.com, *@ann.example\n");
  const auto senders = make(settings);
  const auto why = [&](std::string_view user, std::string_view text) {
    return senders->ask(user, address(text)).why;
  };
  EXPECT_TRUE(why("ann", "sales@example.com").ends_with("senders:2 says so"));
  EXPECT_EQ(why("ann", "x@example.com"), "the user owns sales@example.com, *@ann.example");
  EXPECT_EQ(why("bob", "x@example.com"), "the user owns no address");
}

TEST(SenderOwnership, RewritesToTheFirstAddressOfTheMapElseToTheLogin) {
  const test::TempDir folder;
  SenderSettings settings;
  settings.map_file = folder.write("senders",
                                   "ann@example.com: *@ann.example, Sales@example.com\n"
                                   "bob: *@bob.example\n"
                                   "eve: j\xC3\xBC@example.com\n");
  const auto senders = make(settings);
  EXPECT_EQ(senders->own_address("ann@example.com"), address("Sales@example.com"));
  EXPECT_EQ(senders->own_address("carol@example.com"), address("carol@example.com"));
  EXPECT_EQ(senders->own_address("bob"), std::nullopt);
  EXPECT_EQ(senders->own_address("eve"), std::nullopt) << "it needs SMTPUTF8";
}

}  // namespace
}  // namespace sekisho::sender
