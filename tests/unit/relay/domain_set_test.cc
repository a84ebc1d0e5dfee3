#include "gateway/relay/domain_set.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/unit/relay/list_file.h"

namespace sekisho::relay {
namespace {

using test::ListFile;

std::shared_ptr<DomainSet> make(const std::vector<std::string>& domains,
                                const std::filesystem::path& file = {}) {
  auto set = DomainSet::create(domains, file);
  if (!set) throw std::runtime_error(set.error().text);
  return *set;
}

TEST(DomainSet, NameIsThatDomainAlone) {
  const auto set = make({"example.com"});
  EXPECT_TRUE(set->contains("example.com"));
  for (const char* other : {"sub.example.com", "com", "xexample.com", "example.com.org", "",
                            "example.com.", ".example.com", "example", "[192.0.2.1]"}) {
    EXPECT_FALSE(set->contains(other)) << other;
  }
}

TEST(DomainSet, StarIsEveryDomainBelowAndNotTheDomainItself) {
  const auto set = make({"*.example.com"});
  EXPECT_TRUE(set->contains("a.example.com"));
  EXPECT_TRUE(set->contains("a.b.c.example.com"));
  for (const char* other : {"example.com", "aexample.com", "com", "a.example.org",
                            "example.com.evil.org", "a.example.com.evil.org"}) {
    EXPECT_FALSE(set->contains(other)) << other;
  }
}

TEST(DomainSet, ConfiguredNamesAreTakenInAnyCase) {
  const auto set = make({"Example.COM", "*.Example.ORG"});
  EXPECT_TRUE(set->contains("example.com"));
  EXPECT_TRUE(set->contains("a.example.org"));
}

TEST(DomainSet, WithoutNamesIsEmptyAndContainsNothing) {
  const auto set = make({});
  EXPECT_TRUE(set->empty());
  EXPECT_FALSE(set->contains("example.com"));
  EXPECT_FALSE(set->contains(""));
}

TEST(DomainSet, RefusesEntriesThatAreNoDomainOfOurs) {
  const char* const entries[] = {"*",
                                 "*.*",
                                 "*.com",
                                 "*.uk",
                                 "*.co.uk",
                                 "*.Com.BR",
                                 "a.*.com",
                                 "**.a.com",
                                 "*example.com",
                                 "user@a.com",
                                 "@a.com",
                                 "[192.0.2.1]",
                                 "192.0.2.1",
                                 "2001:db8::1",
                                 "example.com.",
                                 ".a.com",
                                 "a..com",
                                 "-a.com",
                                 "a-.com",
                                 "",
                                 "*.",
                                 " ",
                                 "m\xC3\xBCnchen.de",
                                 "a b.com",
                                 "a.com/24",
                                 "http://a.com"};
  for (const char* entry : entries) {
    const auto set = DomainSet::create({entry}, {});
    ASSERT_FALSE(set.has_value()) << entry;
    EXPECT_TRUE(set.error().text.starts_with("relay.domains: ")) << set.error().text;
    EXPECT_FALSE(DomainSet::check(entry).has_value()) << entry;
  }
}

TEST(DomainSet, TakesStarOverTopLevelNamesThatNobodyOwns) {
  const auto set = make({"*.lan", "*.internal", "localhost"});
  EXPECT_TRUE(set->contains("printer.lan"));
  EXPECT_TRUE(set->contains("localhost"));
  EXPECT_FALSE(set->contains("lan"));
}

TEST(DomainSet, TakesStarOverNamesThatOnlyLookLikeARegistrys) {
  const auto set = make({"*.co.example", "*.company.uk", "*.a.co.uk", "co.uk"});
  EXPECT_TRUE(set->contains("x.co.example"));
  EXPECT_TRUE(set->contains("x.company.uk"));
  EXPECT_TRUE(set->contains("x.a.co.uk"));
  EXPECT_TRUE(set->contains("co.uk"));
  EXPECT_FALSE(set->contains("x.co.uk"));
}

TEST(DomainSet, FileHasCommentsBlankLinesAndAnyLineEnd) {
  const ListFile file(
      "\xEF\xBB\xBF# ours\n\nexample.com\r\n  *.example.org\t# and below\n#*.com\n  \n"
      "last.example.net");
  const auto set = make({"listed.example"}, file.path());
  for (const char* ours : {"example.com", "a.example.org", "last.example.net", "listed.example"}) {
    EXPECT_TRUE(set->contains(ours)) << ours;
  }
  EXPECT_FALSE(set->contains("a.com"));
}

TEST(DomainSet, ErrorInFileNamesFileLineAndColumn) {
  struct Case {
    const char* content;
    const char* place;
  };
  const Case cases[] = {{"a.com\n# x\n  *.com\n", ":3:3: "}, {"a.com\n*.co.uk\n", ":2:1: "},
                        {"a.com b.com\n", ":1:6: "},         {"a.com,b.com\n", ":1:6: "},
                        {"a.com\n\nuser@b.com", ":3:1: "},   {"a.com\n\tb\x01.com\n", ":2:2: "},
                        {"# nothing\n", ":1:1: "},           {"", ":1:1: "}};
  for (const auto& [content, place] : cases) {
    const ListFile file(content);
    const auto set = DomainSet::create({}, file.path());
    ASSERT_FALSE(set.has_value()) << content;
    EXPECT_TRUE(set.error().text.starts_with(file.path().string() + place)) << set.error().text;
  }
}

TEST(DomainSet, NulAndControlBytesInFileAreErrorsAndAreNotEchoed) {
  const ListFile file(std::string_view("a\0.com\n", 7));
  const auto set = DomainSet::create({}, file.path());
  ASSERT_FALSE(set.has_value());
  EXPECT_EQ(set.error().text.find('\0'), std::string::npos);
}

TEST(DomainSet, MissingFileDirectoryAndFifoAreErrorsAndDoNotBlock) {
  const ListFile file("a.com\n");
  file.remove();
  EXPECT_FALSE(DomainSet::create({"a.com"}, file.path()).has_value());
  EXPECT_FALSE(DomainSet::create({"a.com"}, file.path().parent_path()).has_value());
  ASSERT_EQ(::mkfifo(file.path().c_str(), 0600), 0);
  EXPECT_FALSE(DomainSet::create({"a.com"}, file.path()).has_value());
}

TEST(DomainSetReload, TakesNewContentOnceAndKeepsTheConfiguredNames) {
  const ListFile file("old.com\n");
  const auto set = make({"listed.com"}, file.path());
  EXPECT_FALSE(set->reload_if_changed().value());
  file.write("new.com\n");
  EXPECT_TRUE(set->reload_if_changed().value());
  EXPECT_TRUE(set->contains("new.com"));
  EXPECT_FALSE(set->contains("old.com"));
  EXPECT_TRUE(set->contains("listed.com"));
  EXPECT_FALSE(set->reload_if_changed().value());
}

// Same size, and so soon that the clock of the file system may not have ticked.
TEST(DomainSetReload, SeesEveryOneOfManyQuickChangesOfEqualSize) {
  const ListFile file("d000.com\n");
  const auto set = make({}, file.path());
  for (int i = 1; i < 200; ++i) {
    const std::string name = "d" + std::to_string(1000 + i).substr(1) + ".com";
    i % 2 == 0 ? file.write(name + "\n") : file.replace(name + "\n");
    ASSERT_TRUE(set->reload_if_changed().value()) << name;
    ASSERT_TRUE(set->contains(name));
  }
}

TEST(DomainSetReload, RewriteWithTheSameNamesIsNoChange) {
  const ListFile file("a.com\nb.com\n");
  const auto set = make({}, file.path());
  file.replace("# sorted\nb.com\na.com\n");
  EXPECT_FALSE(set->reload_if_changed().value());
}

TEST(DomainSetReload, BrokenFileKeepsOldContentAndSaysWhyOnce) {
  const ListFile file("old.com\n");
  const auto set = make({}, file.path());
  for (const char* broken : {"new.com\n*.com\n", "", "new.com x\n"}) {
    file.write(broken);
    const auto reloaded = set->reload_if_changed();
    ASSERT_FALSE(reloaded.has_value()) << broken;
    EXPECT_TRUE(reloaded.error().text.starts_with(file.path().string())) << reloaded.error().text;
    EXPECT_TRUE(set->contains("old.com"));
    EXPECT_FALSE(set->contains("new.com"));
    EXPECT_FALSE(set->reload_if_changed().value());
  }
  file.write("mended.com\n");
  EXPECT_TRUE(set->reload_if_changed().value());
  EXPECT_TRUE(set->contains("mended.com"));
}

TEST(DomainSetReload, DisappearedFileKeepsOldContentUntilItIsBack) {
  const ListFile file("old.com\n");
  const auto set = make({}, file.path());
  file.remove();
  EXPECT_FALSE(set->reload_if_changed().has_value());
  EXPECT_FALSE(set->reload_if_changed().value());
  EXPECT_TRUE(set->contains("old.com"));
  file.write("back.com\n");
  EXPECT_TRUE(set->reload_if_changed().value());
  EXPECT_TRUE(set->contains("back.com"));
}

TEST(DomainSetReload, WithoutFileIsNeverAChange) {
  EXPECT_FALSE(make({"a.com"})->reload_if_changed().value());
}

TEST(DomainSetReload, ReadersOnOtherThreadsAlwaysSeeOneWholeContent) {
  const ListFile file("a.com\nshared.com\n");
  const auto set = make({}, file.path());
  std::atomic<bool> done = false;
  std::atomic<int> missed = 0;
  std::thread reader([&] {
    while (!done) {
      if (!set->contains("shared.com")) ++missed;
    }
  });
  for (int i = 0; i < 200; ++i) {
    file.replace(i % 2 == 0 ? "b.com\nshared.com\n" : "a.com\nshared.com\n");
    EXPECT_TRUE(set->reload_if_changed().value());
  }
  done = true;
  reader.join();
  EXPECT_EQ(missed, 0);
}

}  // namespace
}  // namespace sekisho::relay
