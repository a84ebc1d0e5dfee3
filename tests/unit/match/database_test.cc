// Databases on disk: used where they are whole and only ours to write, made anew otherwise.
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "gateway/base/file_io.h"
#include "rules/match/database_cache.h"
#include "rules/match/database_source.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/match/support.h"

namespace sekisho::rules::match::testing {
namespace {

namespace fs = std::filesystem;

class ADatabaseCache : public ::testing::Test {
 protected:
  test::TempDir temp;
  fs::path folder = temp.path() / "patterns";
  DatabaseCache cache{folder};
  std::string key = DatabaseCache::key("these patterns");

  void overwrite(const std::string& bytes) const {
    std::ofstream(cache.path(key), std::ios::binary) << bytes;
  }
};

TEST_F(ADatabaseCache, GivesBackWhatWasWritten) {
  EXPECT_FALSE(cache.read(key));
  ASSERT_TRUE(cache.write(key, "the bytes"));
  EXPECT_EQ(*cache.read(key), "the bytes");
  EXPECT_FALSE(cache.read(DatabaseCache::key("others")));
  ASSERT_TRUE(cache.write(key, "new bytes"));
  EXPECT_EQ(*cache.read(key), "new bytes");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator()), 1);
}

TEST_F(ADatabaseCache, TakesNothingThatIsDamagedOrOfAnotherKey) {
  ASSERT_TRUE(cache.write(key, "the bytes"));
  const auto whole = *read_whole_file(cache.path(key));
  for (std::size_t i = 0; i < whole.size(); ++i) {
    auto bent = whole;
    bent[i] = static_cast<char>(bent[i] ^ 1);
    overwrite(bent);
    EXPECT_FALSE(cache.read(key)) << i;
    overwrite(whole.substr(0, i));
    EXPECT_FALSE(cache.read(key)) << i;
  }
  overwrite(whole);
  EXPECT_TRUE(cache.read(key));
  const auto other = DatabaseCache::key("others");
  fs::copy_file(cache.path(key), cache.path(other));
  EXPECT_FALSE(cache.read(other));
}

TEST_F(ADatabaseCache, TakesNothingThatOthersCouldWrite) {
  ASSERT_TRUE(cache.write(key, "the bytes"));
  ::chmod(folder.c_str(), 0777);
  EXPECT_FALSE(cache.read(key));
  EXPECT_FALSE(cache.write(key, "the bytes"));
  ::chmod(folder.c_str(), 0755);
  ::chmod(cache.path(key).c_str(), 0664);
  EXPECT_FALSE(cache.read(key));
  ::chmod(cache.path(key).c_str(), 0644);
  EXPECT_TRUE(cache.read(key));
  fs::rename(cache.path(key), folder / "elsewhere");
  fs::create_symlink(folder / "elsewhere", cache.path(key));
  EXPECT_FALSE(cache.read(key));
  fs::create_directory_symlink(folder, temp.path() / "link");
  EXPECT_FALSE(DatabaseCache(temp.path() / "link").write(key, "the bytes"));
}

TEST_F(ADatabaseCache, KeepsToItsSize) {
  const auto now = fs::file_time_type::clock::now();
  for (int i = 0; i < 5; ++i) {
    const auto one = DatabaseCache::key(std::to_string(i));
    ASSERT_TRUE(cache.write(one, std::string(1000, 'x'), 4000));
    if (cache.read(one)) fs::last_write_time(cache.path(one), now - std::chrono::hours(10 - i));
  }
  EXPECT_FALSE(cache.read(DatabaseCache::key("0")));
  EXPECT_FALSE(cache.read(DatabaseCache::key("1")));
  EXPECT_TRUE(cache.read(DatabaseCache::key("2")));
  EXPECT_TRUE(cache.read(DatabaseCache::key("4")));
}

class ASetWithACache : public ADatabaseCache {
 protected:
  std::vector<Regex> regexes =
      regexes_of({"viagra/i", "(?<=x)foo", "(a|b)\\1", "\\d*", "^sub ject/x", "\xc3\xa4ra"});
  std::shared_ptr<Guard> guard = std::make_shared<Guard>();

  void SetUp() override {
    if (const auto can = HyperscanDatabase::available(); !can) GTEST_SKIP() << can.error().text;
  }
  std::unique_ptr<const PatternSet> set(Accelerate by) const {
    return PatternSet::build(pointers(regexes), {.by = by, .cache = folder, .guard = guard});
  }
};

TEST_F(ASetWithACache, WorksByLiteralsUntilTheDatabaseIsThere) {
  const auto before = set(Accelerate::cached);
  EXPECT_EQ(before->accelerator(), AcceleratorKind::literals);
  EXPECT_NE(before->report().why_not, "");
  EXPECT_EQ(fill_cache(pointers(regexes), folder).value(), true);
  EXPECT_EQ(fill_cache(pointers(regexes), folder).value(), false);
  const auto after = set(Accelerate::cached);
  EXPECT_EQ(after->accelerator(), AcceleratorKind::hyperscan) << after->report().why_not;
  EXPECT_EQ(after->report().exact, 3U);
  EXPECT_EQ(after->report().wider, 1U);
  EXPECT_EQ(after->report().left_out, 2U);
  for (const std::string text : {"VIAGRA", "xfoo aa", "subject", "sub ject", "\xc3\xa4ra", ""}) {
    EXPECT_EQ(answers(*after, text), answers(*before, text)) << text;
  }
}

TEST_F(ASetWithACache, KeepsWhatItCompiles) {
  EXPECT_EQ(set(Accelerate::compiled)->accelerator(), AcceleratorKind::hyperscan);
  EXPECT_EQ(set(Accelerate::cached)->accelerator(), AcceleratorKind::hyperscan);
  regexes.push_back(regex_of("another"));
  EXPECT_EQ(set(Accelerate::cached)->accelerator(), AcceleratorKind::literals);
  regexes.pop_back();
  regexes[0] = regex_of("viagra/s");
  EXPECT_EQ(set(Accelerate::cached)->accelerator(), AcceleratorKind::literals);
}

// Whole as a file, but not a database: of another version, say.
TEST_F(ASetWithACache, MakesAnewWhatTheLibraryRefuses) {
  ASSERT_TRUE(fill_cache(pointers(regexes), folder).value());
  const auto file = fs::directory_iterator(folder)->path();
  const auto own_key = file.stem().string();
  auto bytes = cache.read(own_key).value();
  bytes.resize(bytes.size() - 8);
  ASSERT_TRUE(cache.write(own_key, bytes));
  EXPECT_EQ(set(Accelerate::cached)->accelerator(), AcceleratorKind::literals);
  EXPECT_EQ(fill_cache(pointers(regexes), folder).value(), true);
  EXPECT_EQ(set(Accelerate::cached)->accelerator(), AcceleratorKind::hyperscan);
}

TEST_F(ASetWithACache, SharesAScratchWithOthers) {
  const auto first = set(Accelerate::compiled);
  const auto second = set_of({"foo", "bar"}, {.by = Accelerate::compiled, .guard = guard});
  Scratch scratch;
  std::vector<Answer> few(2);
  std::vector<Answer> many(first->size());
  for (int i = 0; i < 3; ++i) {
    second->match("a bar", few, scratch);
    EXPECT_EQ(few[1], Answer::yes);
    first->match("a viagra", many, scratch);
    EXPECT_EQ(many[0], Answer::yes);
    EXPECT_EQ(many[1], Answer::no);
  }
}

}  // namespace
}  // namespace sekisho::rules::match::testing
