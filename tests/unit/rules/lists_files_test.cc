// Lists from files: read, broken, changed while they are in force.
#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/base/file_watch.h"
#include "rules/lists/list_files.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/rules/support.h"

namespace sekisho::rules::lists::testing {
namespace {

using engine::Answer;
using engine::Fact;
using rules::testing::check_all;
using rules::testing::check_text;
using rules::testing::Checked;
using rules::testing::MemoryFiles;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Fact text(std::string_view value) { return value; }

TEST(TheListsOfARuleSet, ComeFromTheRulesAndFromFiles) {
  MemoryFiles files;
  files.files["main.rules"] =
      "list ours = domains { example.com }\n"
      "list interns = users file \"lists/interns.txt\"\n"
      "map aliases = user -> addresses file \"lists/aliases.txt\"\n"
      "map keys = domain -> keys { example.com: \"s1:/k\" }\n"
      "rule a \"x\" { at rcpt when auth.user in interns and rcpt.domain not in ours\n"
      "  and mail.from not in aliases[auth.user] then reject \"no\" }\n"
      "rule b \"x\" { at message when header.from.domain in keys\n"
      "  then sign dkim with keys[header.from.domain] }\n";
  files.files["lists/interns.txt"] = "# two\nivan\nines\n";
  files.files["lists/aliases.txt"] = "alice: alice@example.com, @sales.example.com\n";
  Checked checked;
  check_all(files, {"main.rules"}, checked);
  ASSERT_EQ(checked.said(), "");
  const auto loaded = load_lists(checked.set, files);
  EXPECT_THAT(loaded.broken, IsEmpty());
  const auto& lists = *loaded.lists;
  EXPECT_EQ(lists.has(0, text("example.com")), Answer::yes);
  EXPECT_EQ(lists.has(1, text("Ines")), Answer::yes);
  EXPECT_EQ(lists.has(1, text("alice")), Answer::no);
  EXPECT_EQ(lists.has(0, text("alice"), text("x@sales.example.com")), Answer::yes);
  EXPECT_EQ(lists.has_key(1, text("example.com")), Answer::yes);
  std::vector<std::string> keys;
  EXPECT_EQ(lists.values(1, text("example.com"), keys), Answer::yes);
  EXPECT_THAT(keys, ElementsAre("s1:/k"));
  // Nobody searches texts for them: there is no index for that.
  EXPECT_EQ(lists.any_within(0, "example.com"), Answer::failed);
}

TEST(TheListsOfARuleSet, AnswerFailedWhereAFileIsBroken) {
  MemoryFiles files;
  files.files["main.rules"] =
      "list a = domains file \"a.txt\"\nlist b = domains file \"b.txt\"\n"
      "rule r \"x\" { at helo when helo in a or helo in b then reject \"no\" }\n";
  files.files["a.txt"] = "good.example\n\n  x@bad.example # no\nworse..example\n";
  files.files["b.txt"] = "good.example\n";
  Checked checked;
  check_all(files, {"main.rules"}, checked);
  const auto loaded = load_lists(checked.set, files);
  ASSERT_THAT(loaded.broken, SizeIs(1));
  EXPECT_EQ(loaded.broken[0].file, "a.txt");
  EXPECT_EQ(loaded.broken[0].first, "a.txt:3:3: \"x@bad.example\" is an address, not a domain");
  EXPECT_EQ(loaded.broken[0].mistakes, 2U);
  EXPECT_THAT(loaded.broken[0].all, HasSubstr("a.txt:4:1: error: "));
  EXPECT_EQ(loaded.lists->has(0, text("good.example")), Answer::failed);
  EXPECT_EQ(loaded.lists->has(1, text("good.example")), Answer::yes);
  files.files.erase("b.txt");
  EXPECT_EQ(load_lists(checked.set, files).lists->has(1, text("good.example")), Answer::failed);
}

TEST(TheListsOfARuleSet, CanBeSearchedForInTextsWhereARuleDoes) {
  Checked checked;
  check_text(
      "list bad = words { invoice }\ndefine d = subject contains bad\n"
      "rule r \"x\" { at message when not d then tag \"t\" }\n",
      checked);
  ASSERT_EQ(checked.said(), "");
  MemoryFiles none;
  const auto lists = load_lists(checked.set, none).lists;
  EXPECT_EQ(lists->any_within(0, "My Invoice"), Answer::yes);
  EXPECT_EQ(lists->any_within(0, "nothing"), Answer::no);
}

TEST(TheListsOfARuleSet, AreReplacedOneByOneForTests) {
  Checked checked;
  check_text(
      "list a = words { x }\nlist b = words { y }\n"
      "rule r \"x\" { at auth when auth.user in a or auth.user in b then disconnect }\n",
      checked);
  MemoryFiles none;
  const auto lists = load_lists(checked.set, none).lists;
  const auto other = lists->with_list(0, make_list(Type::word, false, {}));
  EXPECT_EQ(other->has(0, text("x")), Answer::no);
  EXPECT_EQ(other->lists()[1], lists->lists()[1]);
  EXPECT_EQ(lists->has(0, text("x")), Answer::yes);
}

// A rule set on disk with the files a.txt and b.txt.
class FilesOfLists : public ::testing::Test {
 protected:
  FilesOfLists() {
    write("a.txt", "one.example\n");
    write("b.txt", "alice: a@example.com\n");
  }
  std::shared_ptr<const RuleSet> check(const std::string& kind = "domains") {
    const auto main = dir_.write(
        "main.rules", "list a = " + kind +
                          " file \"a.txt\"\n"
                          "map b = user -> addresses file \"b.txt\"\n"
                          "rule r \"x\" { at rcpt when helo in a or rcpt in b[auth.user]\n"
                          "  then reject \"no\" }\n");
    DiskFiles files;
    checked_ = std::make_unique<Checked>();
    checked_->loaded = load({main}, files, checked_->sources, checked_->diagnostics);
    CheckContext context{rules::testing::kToday, &files, {}, {}};
    checked_->set =
        rules::check(checked_->loaded, checked_->sources, context, checked_->diagnostics);
    EXPECT_EQ(checked_->said(), "");
    return {std::shared_ptr<const void>(), &checked_->set};
  }
  // Until a further change could no longer hide in the same tick of the clock.
  void write(std::string_view name, std::string_view content) {
    const auto path = dir_.write(name, content);
    while (!is_final_stamp(file_stamp(path))) {
    }
  }
  test::TempDir dir_;
  std::unique_ptr<Checked> checked_;
};

TEST_F(FilesOfLists, AreReadAgainWhenTheyChangeAndOnlyThen) {
  ListFiles files(check());
  ASSERT_THAT(files.broken(), IsEmpty());
  const auto first = files.current();
  EXPECT_THAT(files.look().reloaded, IsEmpty());
  EXPECT_EQ(files.current(), first);
  write("a.txt", "two.example\n");
  EXPECT_THAT(files.look().reloaded, ElementsAre("a"));
  const auto second = files.current();
  EXPECT_EQ(second->has(0, text("two.example")), Answer::yes);
  EXPECT_EQ(second->has(0, text("one.example")), Answer::no);
  EXPECT_EQ(first->has(0, text("one.example")), Answer::yes) << "who has it keeps it";
  EXPECT_EQ(second->maps()[0], first->maps()[0]) << "what has not changed is shared";
}

TEST_F(FilesOfLists, KeepTheirItemsWhileTheyAreBrokenOrGone) {
  ListFiles files(check());
  write("a.txt", "one.example\ntwo@example\n");
  auto look = files.look();
  ASSERT_THAT(look.broken, SizeIs(1));
  EXPECT_THAT(look.broken[0].first,
              HasSubstr("a.txt:2:1: \"two@example\" is an address, not a domain"));
  EXPECT_THAT(log_line_of(look.broken[0]).render(LogFormat::logfmt, ""),
              HasSubstr("list-broken level=error file="));
  EXPECT_EQ(look.still_broken, 1U);
  look = files.look();
  EXPECT_THAT(look.broken, IsEmpty()) << "told once";
  EXPECT_EQ(look.still_broken, 1U);
  EXPECT_EQ(files.current()->has(0, text("one.example")), Answer::yes);
  std::filesystem::remove(dir_.path() / "b.txt");
  look = files.look();
  ASSERT_THAT(look.broken, SizeIs(1));
  EXPECT_EQ(look.still_broken, 2U);
  EXPECT_EQ(files.current()->has(0, text("alice"), text("a@example.com")), Answer::yes);
  write("a.txt", "three.example\n");
  write("b.txt", "alice: b@example.com\n");
  look = files.look();
  EXPECT_THAT(look.reloaded, ElementsAre("a", "b"));
  EXPECT_EQ(look.still_broken, 0U);
  EXPECT_EQ(files.current()->has(0, text("alice"), text("b@example.com")), Answer::yes);
}

TEST_F(FilesOfLists, AreTakenOverByTheNextRuleSet) {
  const ListFiles files(check());
  const auto old = files.current();
  const auto kept = std::move(checked_);
  ListFiles next(check(), &files);
  EXPECT_EQ(next.current()->lists()[0], old->lists()[0]);
  EXPECT_EQ(next.current()->maps()[0], old->maps()[0]);
  const auto kept_too = std::move(checked_);
  write("a.txt", "two.example\n");
  const ListFiles third(check(), &files);
  EXPECT_EQ(third.current()->has(0, text("two.example")), Answer::yes);
  EXPECT_EQ(third.current()->maps()[0], old->maps()[0]);
}

TEST_F(FilesOfLists, SayWhatIsWrongAtTheStart) {
  write("a.txt", "no domain\n");
  const ListFiles files(check());
  ASSERT_THAT(files.broken(), SizeIs(1));
  EXPECT_EQ(files.current()->has(0, text("one.example")), Answer::failed);
}

}  // namespace
}  // namespace sekisho::rules::lists::testing
