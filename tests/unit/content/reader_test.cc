// From rules to a plan, from a message to what it says of it, and home as bytes.
#include "rules/content/reader.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "rules/content/message_facts.h"
#include "tests/unit/rules/support.h"

namespace sekisho::rules::content {
namespace {

using testing::check_text;
using testing::Checked;

// Rules with their plan, and one message read for them.
class Content {
 public:
  explicit Content(const std::string& rules) {
    check_text(rules, checked_);
    EXPECT_EQ(checked_.diagnostics.errors(), 0U) << checked_.said();
    plan_ = Plan::of(checked_.set);
  }

  Result<void> read(std::string_view message) {
    // The reader has only the plan's bytes, and we only what comes home.
    auto plan = Plan::decode(plan_.encode());
    EXPECT_TRUE(plan);
    auto matchers = Matchers::of(*plan);
    EXPECT_TRUE(matchers);
    auto found = content::read(message, *plan, *matchers, mail::MimeLimits{});
    if (!found) return std::unexpected(found.error());
    const auto bytes = encode(*found);
    EXPECT_TRUE(bytes);
    auto home = decode_findings(*bytes, plan_);
    EXPECT_TRUE(home);
    EXPECT_EQ(*home, *found);
    found_ = std::move(*home);
    return {};
  }

  // The comparisons in the conditions of the rules, in their order.
  [[nodiscard]] std::vector<const Condition*> comparisons() const {
    std::vector<const Condition*> all;
    for (const Rule& rule : checked_.set.rules) {
      if (rule.when) collect(*rule.when, all);
    }
    return all;
  }
  [[nodiscard]] std::optional<Answer> answer(std::size_t comparison,
                                             const engine::ItemRef* item = nullptr) const {
    return facts().answered(*comparisons().at(comparison), item);
  }
  [[nodiscard]] std::vector<std::string> values(std::string_view name,
                                                std::optional<std::size_t> item = {},
                                                std::string_view of = {}) const {
    const engine::ItemRef ref{.item = nullptr, .of = find_value(of), .index = item.value_or(0)};
    std::vector<engine::Fact> values;
    facts().values(*find_value(name), item ? &ref : nullptr, values);
    std::vector<std::string> texts;
    for (const auto& value : values) {
      if (const auto* text = std::get_if<std::string_view>(&value)) texts.emplace_back(*text);
      if (const auto* number = std::get_if<std::uint64_t>(&value))
        texts.push_back(std::to_string(*number));
    }
    return texts;
  }
  [[nodiscard]] MessageFacts facts() const { return {plan_, found_, nullptr}; }
  [[nodiscard]] const Plan& plan() const { return plan_; }
  [[nodiscard]] const Findings& found() const { return found_; }

 private:
  static void collect(const Condition& condition, std::vector<const Condition*>& all) {
    if (condition.kind == Condition::Kind::compare) all.push_back(&condition);
    for (const auto& child : condition.children) collect(*child, all);
  }

  Checked checked_;
  Plan plan_;
  Findings found_;
};

std::string rule(const std::string& condition) {
  static int count = 0;
  return "rule r" + std::to_string(++count) + " { at message when " + condition +
         " then tag \"x\" }\n";
}

TEST(Plan, AsksForNothingWhereNoRuleDoes) {
  EXPECT_TRUE(Content("").plan().empty());
  EXPECT_TRUE(Content("rule r { at mail when spf is fail then tag \"x\" }").plan().empty());
  EXPECT_TRUE(Content(rule("dkim is pass or message.size > 1MB")).plan().empty());
  EXPECT_TRUE(
      Content("rule r { off at message when text matches /x/ then tag \"x\" }").plan().empty());
}

TEST(Plan, AsksForWhatRulesCompareAndTextsShow) {
  const Content content(
      rule("subject is \"x\" and header \"X-Foo\" is present") +
      "rule t { at message when spf is fail then log \"{header.from} {message.id}\" }\n" +
      "limit l { count messages for each header.from.domain allow 1 per 1h }\n" +
      "rule u { at message when l exceeded then tag \"x\" }\n");
  EXPECT_TRUE(content.plan().wants(Want::subject));
  EXPECT_TRUE(content.plan().wants(Want::from));
  EXPECT_TRUE(content.plan().wants(Want::message_id));
  EXPECT_EQ(content.plan().headers(), std::vector<std::string>{"x-foo"});
  EXPECT_FALSE(content.plan().wants(Want::text));
  EXPECT_FALSE(content.plan().wants(Want::parts));
}

TEST(Plan, HasOneQuestionForConditionsThatAreTheSame) {
  const Content content(rule("text matches /a/") + rule("text matches /a/ or text contains \"B\""));
  ASSERT_EQ(content.plan().atoms().size(), 2U);
  EXPECT_EQ(content.plan().atoms()[1].text, "b");
  EXPECT_FALSE(content.plan().wants(Want::text_home));
}

TEST(Plan, IsRefusedWhereItsBytesAreNone) {
  const std::string good = Content(rule("text matches /a/")).plan().encode();
  EXPECT_TRUE(Plan::decode(good));
  for (std::size_t cut = 0; cut < good.size(); ++cut)
    EXPECT_FALSE(Plan::decode(good.substr(0, cut))) << cut;
  EXPECT_FALSE(Plan::decode(good + "x"));
}

constexpr std::string_view kMessage =
    "From: \"Erika Muster (CEO)\" <boss@Example.COM>\r\n"
    "To: a@example.com, =?utf-8?q?J=C3=BCrgen?= <j@example.org>;\r\n"
    "Cc: undisclosed-recipients:;\r\n"
    "Subject: =?utf-8?b?R3LDvMOfZQ==?= 4111 1111 1111 1111\r\n"
    "Date: Tue, 24 Nov 2026 23:59:59 -1200\r\n"
    "Message-ID: <1@example.com>\r\n"
    "X-Foo: one\r\nX-FOO: two\r\n"
    "MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
    "--b\r\nContent-Type: text/plain\r\n\r\nPlease make a wire\r\ntransfer.\r\n"
    "--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    "<p>Please =\r\nwire <a href=3D\"https://Evil.example/x.html\">https://bank.example</a></p>\r\n"
    "--b--\r\n";

TEST(Reader, FindsWhatTheHeaderSays) {
  Content content(
      rule("subject is \"x\" and header \"X-Foo\" is \"two\" and header.date > 2020-01-01") +
      rule("any address in header.from where (address.name is \"x\")") +
      rule("any address in header.to where (address is <a@b.c>) and header.cc contains x@b.c") +
      rule("any header where (header.name is \"X\") and header.from.domain is example.com") +
      rule("message.hash is present and message.id is present"));
  ASSERT_TRUE(content.read(kMessage));
  EXPECT_EQ(content.values("subject"), std::vector<std::string>{"Grüße 4111 1111 1111 1111"});
  EXPECT_EQ(content.values("header.from"), std::vector<std::string>{"boss@example.com"});
  EXPECT_EQ(content.values("header.from.domain"), std::vector<std::string>{"example.com"});
  EXPECT_EQ(content.values("address.name", 0, "header.from"),
            std::vector<std::string>{"Erika Muster (CEO)"});
  EXPECT_EQ(content.values("message.id"), std::vector<std::string>{"<1@example.com>"});
  EXPECT_EQ(content.values("header.cc"), std::vector<std::string>{});
  EXPECT_EQ(content.values("header.date"), std::vector<std::string>{"20781"});
  EXPECT_EQ(content.values("message.hash")[0].size(), 64U);
  std::vector<engine::Fact> named;
  content.facts().header("x-Foo", named);
  EXPECT_EQ(named.size(), 2U);
  EXPECT_EQ(content.facts().count(*find_item("header"), nullptr), 10U);
}

TEST(Reader, FindsEveryAddressOfAFieldThatBreaksTheGrammar) {
  Content content(rule("any address in header.from where (address.domain is example.com)"));
  ASSERT_TRUE(content.read("From: boss@example.com, Me <me@evil.example>, <x@y\r\n\r\n"));
  EXPECT_EQ(content.values("header.from"),
            (std::vector<std::string>{"boss@example.com", "me@evil.example", "x@y"}));
  EXPECT_EQ(content.values("header.from.domain"), std::vector<std::string>{});
}

TEST(Reader, AnswersPatternsWhereTheyAreAsked) {
  Content content(rule("text matches /wire\\s+transfer/") + rule("text contains \"WIRE\"") +
                  rule("html matches /<p>Please wire/") + rule("source contains \"=3D\"") +
                  rule("raw contains \"=3D\"") + rule("text starts with \"please make\"") +
                  rule("text matches /^Please wire https:.{2}bank.example$/m") +
                  rule("subject matches /^Gr/") + rule("header \"X-Foo\" matches /^two$/") +
                  rule("html is absent"));
  ASSERT_TRUE(content.read(kMessage));
  const std::vector<Answer> expected{Answer::yes, Answer::yes, Answer::yes, Answer::no,
                                     Answer::yes, Answer::yes, Answer::yes, Answer::yes,
                                     Answer::yes, Answer::no};
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(content.answer(i), expected[i]) << i;
}

TEST(Reader, AnswersForEachItem) {
  Content content(
      rule("any url where (url.domain matches /^evil/ and url.path ends with \".html\")") +
      "patterns p in url { bank /bank/ evil /x\\.html$/ no /nowhere/ }\n" +
      rule("at least 2 of p match"));
  ASSERT_TRUE(content.read(kMessage));
  ASSERT_EQ(content.facts().count(*find_item("url"), nullptr), 2U);
  EXPECT_EQ(content.values("url", 0), std::vector<std::string>{"https://evil.example/x.html"});
  EXPECT_EQ(content.values("url.text", 0), std::vector<std::string>{"https://bank.example"});
  engine::ItemRef item{.item = find_item("url"), .of = nullptr, .index = 0};
  EXPECT_EQ(content.answer(0, &item), Answer::yes);
  item.index = 1;
  EXPECT_EQ(content.answer(0, &item), Answer::no);
  EXPECT_EQ(content.facts().patterns(0),
            (std::vector<Answer>{Answer::yes, Answer::yes, Answer::no}));
}

TEST(Reader, TellsADefineOfAddressesInEachFieldApart) {
  Content content("define odd = any address in header.to where (address.local matches /^a$/)\n" +
                  rule("odd") +
                  rule("any address in header.from where (address.local matches /^a$/)"));
  ASSERT_TRUE(content.read(kMessage));
  const auto comparisons = content.comparisons();
  engine::ItemRef item{.item = find_item("address"), .of = find_value("header.to"), .index = 0};
  EXPECT_EQ(content.facts().answered(*comparisons[0], &item), Answer::yes);
  EXPECT_EQ(content.facts().answered(*comparisons[1], &item), Answer::yes);
  item.of = find_value("header.from");
  EXPECT_EQ(content.facts().answered(*comparisons[1], &item), Answer::no);
}

TEST(Reader, FindsCardsInSubjectAndTextAndMasksThem) {
  Content content(rule("count of text.card_numbers >= 1 or text.ibans.masked is present"));
  ASSERT_TRUE(content.read(kMessage));
  EXPECT_EQ(content.values("text.card_numbers"), std::vector<std::string>{"************1111"});
  EXPECT_FALSE(encode(content.found())->contains("4111"));
}

TEST(Reader, SendsATextHomeOnlyWhereListsAreLookedForInIt) {
  Content content("list w = words { wire }\n" + rule("text contains w"));
  EXPECT_TRUE(content.plan().wants(Want::text_home));
  ASSERT_TRUE(content.read(kMessage));
  EXPECT_TRUE(content.found().text.home);
  EXPECT_EQ(content.answer(0), Answer::failed);  // without lists nobody can say
}

TEST(Reader, FailsWhereAMessageIsNotReadToItsEnd) {
  Content content(rule("any part where (part.extension is exe)"));
  std::string deep;
  for (int i = 0; i < 50; ++i) deep += "Content-Type: message/rfc822\r\n\r\n";
  const auto read = content.read(deep);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, ErrorKind::limit);
}

TEST(Reader, SaysFailedWhereAPatternReachesItsLimit) {
  Content content(rule("text matches /^(a+)+$/"));
  ASSERT_TRUE(content.read("\r\n" + std::string(60, 'a') + "!"));
  EXPECT_EQ(content.answer(0), Answer::failed);
}

TEST(Findings, AreRefusedWhereTheBytesAreNone) {
  Content content(rule("any url where (url matches /x/) and any part where (part.kind is image)"));
  ASSERT_TRUE(content.read(kMessage));
  const std::string good = *encode(content.found());
  for (std::size_t cut = 0; cut < good.size(); ++cut)
    EXPECT_FALSE(decode_findings(good.substr(0, cut), content.plan())) << cut;
  EXPECT_FALSE(decode_findings(good + '\0', content.plan()));
  EXPECT_FALSE(decode_findings(good, Plan()));  // answers to questions that nobody asked
  Findings wrong = content.found();
  wrong.answers[0].yes = {7};
  EXPECT_FALSE(decode_findings(*encode(wrong), content.plan()));
  wrong = content.found();
  wrong.parts[0].kinds = {"dragon"};
  EXPECT_FALSE(decode_findings(*encode(wrong), content.plan()));
}

// Robustness only: no message that people sent may fail.
TEST(Reader, TakesEveryMessageOfTheCorpora) {
  namespace fs = std::filesystem;
  const char* named = std::getenv("SEKISHO_CORPORA");
  const fs::path root = named != nullptr ? named : SEKISHO_CORPORA;
  if (!fs::is_directory(root)) GTEST_SKIP() << "no corpora at " << root;
  Content content(rule("text matches /viagra/i or html contains \"x\" or source contains \"y\"") +
                  rule("any part where (part.hash is present and part.encrypted)") +
                  rule("any url where (url matches /x/) or count of text.ibans > 1") +
                  rule("count of text.card_numbers > 0 or count of header.to > 1") +
                  rule("any address in header.from where (address.name matches /x/)") +
                  rule("any header where (header.value matches /x/) and header.date < 2000-01-01"));
  std::size_t files = 0;
  std::size_t cards = 0;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const std::string path = entry.path().string();
    if (!entry.is_regular_file() ||
        !(path.contains("mime4j-testmsgs") || path.contains("spamassassin-"))) {
      continue;
    }
    std::ifstream in(path, std::ios::binary);
    const std::string message{std::istreambuf_iterator<char>(in), {}};
    const auto read = content.read(message);
    EXPECT_TRUE(read) << path << ": " << read.error().text;
    cards += content.found().cards.size() + content.found().ibans.size();
    ++files;
  }
  EXPECT_GT(files, 0U);
  EXPECT_EQ(cards, 0U) << "mail without card numbers seems to hold some";
}

}  // namespace
}  // namespace sekisho::rules::content
