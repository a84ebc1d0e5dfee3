#include "gateway/sender/sender_map.h"

#include <filesystem>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace sekisho::sender {
namespace {

SenderMap parse(std::string_view text) {
  auto map = SenderMap::parse(text, "senders");
  if (!map) throw std::runtime_error(map.error().text);
  return std::move(*map);
}

CanonicalAddress address(std::string_view text) {
  return canonical(smtp::parse_mailbox(text, true).value()).value();
}

bool owns(const SenderMap& map, std::string_view user, std::string_view text) {
  const OwnedAddresses* owned = map.of_user(user);
  return owned != nullptr && owned->find(address(text), "+") != 0;
}

TEST(SenderMap, GivesAUserTheAddressesOfItsLineAndNoOther) {
  const auto map = parse("ann: ann@example.com, sales@example.com\nbob: bob@example.com\n");
  EXPECT_TRUE(owns(map, "ann", "ann@example.com"));
  EXPECT_TRUE(owns(map, "ann", "sales@example.com"));
  EXPECT_FALSE(owns(map, "ann", "bob@example.com"));
  EXPECT_FALSE(owns(map, "ann", "ann@example.org"));
  EXPECT_FALSE(owns(map, "ann", "ann@sub.example.com"));
  EXPECT_FALSE(owns(map, "carol", "ann@example.com"));
}

TEST(SenderMap, ComparesUsersAndAddressesWithoutCase) {
  const auto map = parse("Ann: Ann.Bee@Example.COM\n");
  EXPECT_TRUE(owns(map, "ANN", "ann.bee@example.com"));
  EXPECT_TRUE(owns(map, "ann", "ANN.BEE@EXAMPLE.com"));
}

TEST(SenderMap, ComparesInternationalDomainsInWhicheverFormTheyAreWritten) {
  const auto map = parse(
      "ann: ann@b\xC3\xBC"
      "cher.example, *@xn--strae-oqa.example\n");
  EXPECT_TRUE(owns(map, "ann", "ann@xn--bcher-kva.example"));
  EXPECT_TRUE(owns(map, "ann",
                   "ann@B\xC3\x9C"
                   "CHER.example"));
  EXPECT_TRUE(owns(map, "ann",
                   "ann@stra\xC3\x9F"
                   "e.example"));
  EXPECT_FALSE(owns(map, "ann", "ann@bucher.example"));
  EXPECT_FALSE(owns(map, "ann", "ann@strasse.example"));
}

TEST(SenderMap, StarsStandForADomainOrForThoseBelowIt) {
  const auto map = parse("ann: *@ann.example, *@*.example.org\n");
  EXPECT_TRUE(owns(map, "ann", "anything@ann.example"));
  EXPECT_FALSE(owns(map, "ann", "anything@sub.ann.example"));
  EXPECT_FALSE(owns(map, "ann", "anything@xann.example"));
  EXPECT_TRUE(owns(map, "ann", "anything@a.b.example.org"));
  EXPECT_FALSE(owns(map, "ann", "anything@example.org"));
}

TEST(SenderMap, AStarAloneIsEveryAddress) {
  const auto map = parse("relay: *\n");
  EXPECT_TRUE(owns(map, "relay", "whoever@wherever.example"));
  EXPECT_TRUE(owns(map, "relay", "whoever@[192.0.2.1]"));
}

TEST(SenderMap, GroupsGiveTheirAddressesToWhoeverNamesThem) {
  const auto map = parse(
      "ann: ann@example.com, @Support\n"
      "@support: support@example.com, *@help.example\n"
      "bob: @support\n"
      "@support: late@example.com\n");
  for (const char* user : {"ann", "bob"}) {
    EXPECT_TRUE(owns(map, user, "support@example.com")) << user;
    EXPECT_TRUE(owns(map, user, "late@example.com")) << user;
    EXPECT_TRUE(owns(map, user, "x@help.example")) << user;
  }
  EXPECT_FALSE(owns(map, "bob", "ann@example.com"));
}

TEST(SenderMap, EverybodyHasALineOfItsOwn) {
  const auto map = parse("*: news@example.com\nann: ann@example.com\n");
  EXPECT_NE(map.of_everybody().find(address("news@example.com"), ""), 0U);
  EXPECT_EQ(map.of_everybody().find(address("ann@example.com"), ""), 0U);
}

TEST(SenderMap, SeveralLinesOfAUserAddUp) {
  const auto map = parse("ann: a@example.com\nann: b@example.com\n");
  EXPECT_TRUE(owns(map, "ann", "a@example.com"));
  EXPECT_TRUE(owns(map, "ann", "b@example.com"));
}

TEST(SenderMap, TagsBelongToTheOwnerOfTheAddressBeforeThem) {
  const auto map = parse("ann: ann@example.com, bee+c@example.com\n");
  EXPECT_TRUE(owns(map, "ann", "ann+news@example.com"));
  EXPECT_TRUE(owns(map, "ann", "ann+a+b@example.com"));
  EXPECT_TRUE(owns(map, "ann", "bee+c+d@example.com"));
  EXPECT_FALSE(owns(map, "ann", "bee@example.com"));
  EXPECT_FALSE(owns(map, "ann", "bee+d@example.com"));
  EXPECT_FALSE(owns(map, "ann", "annex@example.com"));
  EXPECT_FALSE(owns(map, "ann", "+ann@example.com"));
  EXPECT_EQ(map.of_user("ann")->find(address("ann+news@example.com"), ""), 0U);
}

TEST(SenderMap, SaysWhichLineGivesAnAddress) {
  const auto map = parse("# people\n\nann: @all\n@all: all@example.com\n");
  EXPECT_EQ(map.of_user("ann")->find(address("all@example.com"), ""), 4U);
}

TEST(SenderMap, TakesCommentsQuotesBlanksAndForeignLineEnds) {
  const auto map = parse(
      "\xEF\xBB\xBF# people\r\n"
      "  ann :  \"a, b\"@example.com ,\"#\"@example.com, x#y@example.com   # three\r\n"
      "\r\n");
  EXPECT_TRUE(owns(map, "ann", "\"a, b\"@example.com"));
  EXPECT_TRUE(owns(map, "ann", "\"#\"@example.com"));
  EXPECT_TRUE(owns(map, "ann", "x#y@example.com"));
}

struct Wrong {
  std::string_view text;
  std::string_view place;
  std::string_view words;
};

TEST(SenderMap, TellsTheLineOfAMistakeAndTheWayOut) {
  for (const auto& [text, place, words] : {
           Wrong{"", "senders:1:1: ", "take out map_file"},
           {"# nothing\n", "senders:1:1: ", "holds no line"},
           {"ann: a@x.example\nbob b@x.example\n", "senders:2:1: ", "user: address"},
           {": a@x.example\n", "senders:1:1: ", "no user"},
           {"ann:\n", "senders:1:5: ", "needs no line"},
           {"ann: a@x.example,,b@x.example\n", "senders:1:18: ", "take the comma out"},
           {"ann: a@x.example,\n", "senders:1:18: ", "take the comma out"},
           {"ann: \"a@x.example\n", "senders:1:6: ", "quote"},
           {"ann: x.example\n", "senders:1:6: ", "*@domain"},
           {"ann: @x.example\n", "senders:1:6: ", "write \"*@x.example\""},
           {"ann: @a b\n", "senders:1:6: ", "letters, digits"},
           {"ann: a@x.example, @none\n", "senders:1:19: ", "add a line \"@none: "},
           {"@a: @b\n@b: b@x.example\n", "senders:1:5: ", "no other group"},
           {"ann: *a@x.example\n", "senders:1:6: ", "a star stands for"},
           {"ann: *@*\n", "senders:1:6: ", "write * alone"},
           {"ann: *@x..example\n", "senders:1:6: ", "*@x..example"},
           {"ann: a@x.example b@x.example\n", "senders:1:6: ", "may not hold"},
           {"ann: a@\xC3\x28.example\n", "senders:1:6: ", ""},
           {"a\xFF: a@x.example\n", "senders:1:1: ", "UTF-8"},
           {"<ann>: a@x.example\n", "senders:1:1: ", "as it logs in"},
       }) {
    const auto map = SenderMap::parse(text, "senders");
    ASSERT_FALSE(map) << text;
    EXPECT_TRUE(map.error().text.starts_with(place)) << map.error().text;
    EXPECT_NE(map.error().text.find(words), std::string::npos) << map.error().text;
  }
}

TEST(SenderMapFile, TakesAChangeAndKeepsWhatItHadWhenTheFileBreaks) {
  const test::TempDir folder;
  const auto path = folder.write("senders", "ann: a@example.com\n");
  const auto file = SenderMapFile::open(path).value();
  const auto change = [&](std::string_view text) {
    std::filesystem::rename(folder.write("new", text), path);
    return file->reload_if_changed();
  };
  EXPECT_TRUE(change("ann: b@example.com\n").value());
  EXPECT_TRUE(owns(*file->map(), "ann", "b@example.com"));
  EXPECT_FALSE(owns(*file->map(), "ann", "a@example.com"));

  const auto broken = change("ann: c@example.com\nbob\n");
  ASSERT_FALSE(broken);
  EXPECT_NE(broken.error().text.find("senders:2:1"), std::string::npos);
  EXPECT_TRUE(owns(*file->map(), "ann", "b@example.com"));
  EXPECT_TRUE(file->reload_if_changed().has_value()) << "the reason is told once";

  std::filesystem::remove(path);
  EXPECT_FALSE(file->reload_if_changed());
  EXPECT_TRUE(owns(*file->map(), "ann", "b@example.com"));
  EXPECT_TRUE(change("ann: d@example.com\n").value());
  EXPECT_TRUE(owns(*file->map(), "ann", "d@example.com"));
}

TEST(SenderMapFile, ThatIsNotThereIsAnError) {
  const test::TempDir folder;
  EXPECT_FALSE(SenderMapFile::open(folder.path() / "senders"));
}

}  // namespace
}  // namespace sekisho::sender
