#include "filters/dkim/sign_filter.h"

#include <gtest/gtest.h>

#include "filters/dkim/sign_job.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/dkim/vectors.h"
#include "tests/unit/filters/bench.h"

namespace sekisho::filters {
namespace {

using testing::Bench;
using testing::TestSettings;

class DkimSignFilter : public ::testing::Test {
 protected:
  using Values = std::map<std::string, std::any>;

  test::TempDir dir_;

  std::filesystem::path rsa_file_ = dir_.write("rsa.pem", dkim::vectors::read_data("test.private"));
  std::filesystem::path ed25519_file_ =
      dir_.write("ed25519.pem",
                 dkim::vectors::ed25519_pem(dkim::vectors::read_data("ed25519test.key")).reveal());

  static Values key(const std::string& domain, const std::string& selector,
                    const std::filesystem::path& file) {
    return {{"domain", domain}, {"selector", selector}, {"file", file}};
  }
  static Values with(Values values, const std::string& name, bool value) {
    values[name] = value;
    return values;
  }

  Result<std::shared_ptr<const Filter>> make(std::map<std::string, Values> keys,
                                             Values values = {}) {
    TestSettings settings(std::move(values));
    settings.named = std::move(keys);
    const auto blueprint = make_dkim_sign();
    blueprint->visit(settings);
    if (!settings.errors.empty()) return fail(ErrorKind::invalid, settings.errors.front());
    return blueprint->build();
  }

  // The fields that the filter puts on top of the message, or what its failure is.
  std::vector<std::string> sign(const std::shared_ptr<const Filter>& filter,
                                std::string_view header, std::string_view body = "Hello\r\n") {
    mail::Message message(bench_.loop, bench_.offload, {dir_.path(), memory_}, {});
    EXPECT_TRUE(bench_.loop.run_until_done(message.body().append(body)));
    Outgoing outgoing;
    outgoing.header_section = header;
    outgoing.sender_is_foreign = foreign_;
    bench_.message = &message;
    bench_.outgoing = &outgoing;
    (void)bench_.set_up_signers(*filter);
    const auto run = bench_.open(filter);
    EXPECT_FALSE(bench_.run(*run, Stage::sign).verdict.refuses());
    message_ = std::string(header).append(body);
    return outgoing.on_top;
  }
  std::string verdict_on(const std::string& field, const std::filesystem::path& file) {
    return dkim::vectors::verify(field + message_, field,
                                 dkim::SigningKey::read(file)->public_key());
  }
  static std::string tag(const std::string& field, std::string_view name) {
    const auto tags = dkim::TagList::parse(std::string_view(field).substr(field.find(':') + 1));
    return tags ? std::string(tags->value_or(name, "none")) : tags.error().text;
  }

  Bench bench_;
  std::size_t memory_ = 1024UL * 1024;
  bool foreign_ = false;
  std::string message_;

  void SetUp() override { bench_.envelope.submitted = true; }
};

const std::string kHeader = "From: Ann <ann@example.com>\r\nSubject: hello\r\n\r\n";

TEST_F(DkimSignFilter, SignsMailOfOurOwnWithADomainsKey) {
  const auto filter = make({{"k", key("example.com", "s1", rsa_file_)}});
  ASSERT_TRUE(filter) << filter.error().text;
  const auto fields = sign(*filter, kHeader);
  ASSERT_EQ(fields.size(), 1U);
  EXPECT_EQ(verdict_on(fields[0], rsa_file_), "pass");
  EXPECT_EQ(tag(fields[0], "d"), "example.com");
  EXPECT_EQ(tag(fields[0], "s"), "s1");
  EXPECT_EQ(bench_.counted("dkim_signatures_total", {{"algorithm", "rsa-sha256"}}), 1);
}

TEST_F(DkimSignFilter, SignsBodiesThatLieInAFile) {
  memory_ = 100;
  const auto filter = make({{"k", key("example.com", "s1", rsa_file_)}});
  const auto fields = sign(*filter, kHeader, std::string(300'000, 'x') + " \r\n\r\n");
  ASSERT_EQ(fields.size(), 1U);
  EXPECT_EQ(verdict_on(fields[0], rsa_file_), "pass");
}

TEST_F(DkimSignFilter, SignsTwiceWithBothAlgorithms) {
  const auto filter = make({{"a", key("example.com", "ed", ed25519_file_)},
                            {"b", key("example.com", "rsa", rsa_file_)}});
  const auto fields = sign(*filter, kHeader);
  ASSERT_EQ(fields.size(), 2U);
  EXPECT_EQ(verdict_on(fields[0], rsa_file_), "pass");
  EXPECT_EQ(verdict_on(fields[1], ed25519_file_), "pass");
}

TEST_F(DkimSignFilter, LeavesMailOfOthersUnsigned) {
  const auto filter = make({{"k", key("example.com", "s1", rsa_file_)}});
  bench_.envelope.submitted = false;
  EXPECT_TRUE(sign(*filter, kHeader).empty());
  bench_.envelope.submitted = true;
  foreign_ = true;
  EXPECT_TRUE(sign(*filter, kHeader).empty());
  EXPECT_EQ(bench_.counted("dkim_unsigned_total", {{"reason", "foreign_author"}}), 1);
}

TEST_F(DkimSignFilter, LeavesMailUnsignedWhoseAuthorIsNotClear) {
  const auto filter = make({{"k", key("example.com", "s1", rsa_file_)}});
  for (const std::string_view header :
       {"From: a@example.com\r\nFrom: b@example.com\r\n\r\n", "Subject: x\r\n\r\n",
        "From: a@example.com, b@example.net\r\n\r\n", "From: nobody\r\n\r\n",
        "From: a@[192.0.2.1]\r\n\r\n", "From: a@example.com\r\nno field\r\n\r\n", "", "\r\n",
        "From: a@example.org\r\n\r\n"}) {
    EXPECT_TRUE(sign(*filter, header).empty()) << header;
  }
  EXPECT_EQ(sign(*filter, "From: a@example.com, b@EXAMPLE.com\r\n\r\n").size(), 1U);
  EXPECT_EQ(sign(*filter, "From: a@example.com\r\n").size(), 1U);  // no body, no empty line
}

TEST_F(DkimSignFilter, SignsForSubdomainsOnlyWhereTheKeyIsForThem) {
  const auto narrow = make({{"k", key("example.com", "s1", rsa_file_)}});
  EXPECT_TRUE(sign(*narrow, "From: a@sub.example.com\r\n\r\n").empty());
  const auto wide = make({{"k", with(key("example.com", "s1", rsa_file_), "subdomains", true)},
                          {"own", key("own.example.com", "s2", rsa_file_)}},
                         {{"identity", std::string("from")}});
  auto fields = sign(*wide, "From: a=b@x.sub.example.com\r\n\r\n");
  ASSERT_EQ(fields.size(), 1U);
  EXPECT_EQ(tag(fields[0], "d"), "example.com");
  EXPECT_EQ(tag(fields[0], "i"), "a=3Db@x.sub.example.com");
  EXPECT_EQ(verdict_on(fields[0], rsa_file_), "pass");
  fields = sign(*wide, "From: a@own.example.com\r\n\r\n");
  ASSERT_EQ(fields.size(), 1U);
  EXPECT_EQ(tag(fields[0], "d"), "own.example.com");
  EXPECT_TRUE(sign(*wide, "From: a@notexample.com\r\n\r\n").empty());
}

TEST_F(DkimSignFilter, SignsForADomainInWhicheverFormItIsWritten) {
  const auto filter = make({{"k", key("b\xc3\xbc"
                                      "cher.example",
                                      "s1", rsa_file_)}});
  ASSERT_TRUE(filter) << filter.error().text;
  for (const std::string_view domain : {"b\xc3\xbc"
                                        "cher.example",
                                        "xn--bcher-kva.example"}) {
    const auto fields = sign(*filter, "From: a@" + std::string(domain) + "\r\n\r\n");
    ASSERT_EQ(fields.size(), 1U) << domain;
    EXPECT_EQ(tag(fields[0], "d"), "xn--bcher-kva.example");
  }
}

TEST_F(DkimSignFilter, KeepsAnOldAndANewKeySideBySide) {
  const auto both = make(
      {{"old", key("example.com", "s1", rsa_file_)}, {"new", key("example.com", "s2", rsa_file_)}});
  ASSERT_FALSE(both);
  EXPECT_NE(both.error().text.find("active = false"), std::string::npos) << both.error().text;
  const auto one = make({{"old", with(key("example.com", "s1", rsa_file_), "active", false)},
                         {"new", key("example.com", "s2", rsa_file_)}});
  ASSERT_TRUE(one) << one.error().text;
  const auto fields = sign(*one, kHeader);
  ASSERT_EQ(fields.size(), 1U);
  EXPECT_EQ(tag(fields[0], "s"), "s2");
}

TEST_F(DkimSignFilter, FailsWithoutTheSignersKey) {
  const auto filter = make({{"k", key("example.com", "s1", rsa_file_)}});
  mail::Message message(bench_.loop, bench_.offload, {dir_.path(), memory_}, {});
  Outgoing outgoing;
  outgoing.header_section = kHeader;
  bench_.message = &message;
  bench_.outgoing = &outgoing;
  const auto run = bench_.open(*filter);
  const auto outcome = bench_.run(*run, Stage::sign);
  EXPECT_EQ(outcome.verdict.kind(), Verdict::Kind::defer);
  EXPECT_NE(outcome.verdict.why().find("no such key"), std::string::npos) << outcome.verdict.why();
  EXPECT_TRUE(outgoing.on_top.empty());
}

TEST_F(DkimSignFilter, SaysWhatIsWrongWithItsKeys) {
  const auto told = [&](Values values) {
    const auto made = make({{"k", std::move(values)}});
    return made ? std::string("nothing") : made.error().text;
  };
  EXPECT_NE(told(key("", "s1", rsa_file_)).find("k.domain"), std::string::npos);
  EXPECT_NE(told(key("example..com", "s1", rsa_file_)).find("k.domain"), std::string::npos);
  EXPECT_NE(told(key("example.com", "", rsa_file_)).find("k.selector"), std::string::npos);
  EXPECT_NE(told(key("example.com", "a b", rsa_file_)).find("k.selector"), std::string::npos);
  EXPECT_NE(told(key("example.com", "s", {})).find("sekisho dkim gen"), std::string::npos);
  EXPECT_NE(told(key("example.com", "s", dir_.path() / "none")).find("key.k.file"),
            std::string::npos);
}

}  // namespace
}  // namespace sekisho::filters
