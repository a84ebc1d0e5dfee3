#include <gtest/gtest.h>

#include "filters/arc/sealer.h"
#include "filters/arc/verification.h"
#include "tests/unit/arc/vectors.h"

namespace sekisho::arc {
namespace {

const WallTime kNow{std::chrono::seconds(1'800'000'000)};

struct Parts {
  std::string header;
  std::string body;
};
Parts parts_of(std::string_view message) {
  const auto end = message.find("\r\n\r\n") + 2;
  return {std::string(message.substr(0, end)), std::string(message.substr(end + 2))};
}

std::string digest_of(dkim::Form form, std::string_view body) {
  dkim::BodyHash hash(form);
  hash.feed(body);
  return hash.digest();
}

// The result for a message whose keys all are this record; no record: none could be looked up.
Finding verified(const std::string& message, std::optional<std::string_view> record) {
  const Parts parts = parts_of(message);
  const auto headers = mail::Headers::parse(parts.header);
  const Chain chain = read_chain(headers);
  const Plan plan = plan_verification(headers, chain, kNow);
  Keys keys;
  for (const Check& check : plan.checks) {
    auto& key = keys[check.key_name];
    if (!record) continue;
    key = dkim::KeyRecord::parse(*record).value_or(dkim::KeyRecord{});
  }
  return verify(plan, digest_of(plan.body_form, parts.body), keys);
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  const auto at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  if (at != std::string::npos) text.replace(at, what.size(), by);
  return text;
}

class Arc : public ::testing::Test {
 public:
  // The message with one more set on top, of `key`.
  std::string sealed(const std::string& message, std::string_view status,
                     const mail::AuthenticationResults& results) {
    const Parts parts = parts_of(message);
    const auto headers = mail::Headers::parse(parts.header);
    const Chain chain = read_chain(headers);
    const SealOptions options{key.algorithm(), "example.com", "sel"};
    auto sealer = Sealer::begin(headers, chain, status, results, options, kNow);
    if (!sealer) return "";
    const auto digest =
        sealer->message_signature(digest_of(dkim::Form::relaxed, parts.body)).digest;
    const auto seal = sealer->seal(*key.sign(digest)).digest;
    const auto fields = sealer->finish(*key.sign(seal));
    return fields.seal + fields.signature + fields.results + message;
  }
  std::string sealed(const std::string& message, std::string_view status) {
    return sealed(message, status, {.authserv_id = "mx.example.com", .results = {}});
  }
  [[nodiscard]] Finding verified_by_us(const std::string& message) const {
    return verified(message, dkim::record_text(key.public_key()));
  }

  // Made once: it takes its time.
  static const dkim::SigningKey& rsa_key() {
    static const auto made = *dkim::SigningKey::generate(dkim::Algorithm::rsa_sha256, 2048);
    return made;
  }

  dkim::SigningKey key = rsa_key();
  const std::string plain =
      "From: Ann <ann@example.org>\r\nTo: bob@example.com\r\nSubject: one  \r\n\ttwo\r\n\r\nbody "
      "\r\n";
  const std::string twice{testing::kSealedTwice};
};

TEST_F(Arc, ChainOfAnotherImplementationPasses) {
  const Finding result = verified(twice, testing::kRecord);
  EXPECT_EQ(result.outcome, Outcome::pass) << result.reason;
}

TEST_F(Arc, ChainIsReadInTheOrderOfItsInstances) {
  const Parts parts = parts_of(twice);
  const auto headers = mail::Headers::parse(parts.header);
  const Chain chain = read_chain(headers);
  EXPECT_EQ(chain.flaw, "");
  ASSERT_EQ(chain.sets.size(), 2U);
  EXPECT_EQ(chain.newest, 2);
  EXPECT_EQ(chain.sets[0].seal_tags.value_or("d", ""), "lists.example.org");
  EXPECT_EQ(chain.sets[1].seal_tags.value_or("d", ""), "gmail.example");
  const Plan plan = plan_verification(headers, chain, kNow);
  ASSERT_EQ(plan.checks.size(), 3U);
  EXPECT_EQ(plan.checks[0].key_name, "s2._domainkey.gmail.example");
  EXPECT_EQ(plan.checks[2].key_name, "s1._domainkey.lists.example.org");
  EXPECT_EQ(plan.domain, "gmail.example");
}

TEST_F(Arc, NoChainIsEmpty) {
  EXPECT_TRUE(read_chain(mail::Headers::parse(parts_of(plain).header)).empty());
}

TEST_F(Arc, WhateverWasChangedAChainFails) {
  for (const auto& [what, by] : std::vector<std::pair<std::string_view, std::string_view>>{
           {"Hey gang", "Hey Gang"},
           {"Subject: Example", "Subject: Exemple"},
           {"ARC-Authentication-Results: i=2; gmail.example; arc=pass;\r\n  spf=fail",
            "ARC-Authentication-Results: i=2; gmail.example; arc=pass;\r\n  spf=pass"},
           {"i=1; lists.example.org; spf=pass", "i=1; lists.example.org; spf=fail"},
           {"i=2; cv=pass; a=rsa-sha256; d=gmail.example; s=s2; t=12346",
            "i=2; cv=pass; a=rsa-sha256; d=gmail.example; s=s2; t=12347"},
           {"t=12345; h=from", "t=12346; h=from"},
           {"cv=none", "cv=pass"},
           {"cv=pass", "cv=none"},
           {"cv=pass", "cv=fail"},
           {"ARC-Seal: i=1;", "ARC-Seal: i=2;"},
           {"ARC-Seal: i=1;", "ARC-Seal: i=0;"},
           {"ARC-Seal: i=1;", "ARC-Seal: i=01;"},
           {"ARC-Seal: i=1;", "X-ARC-Seal: i=1;"},
           {"ARC-Authentication-Results: i=1;", "ARC-Authentication-Results: 1;"},
           {"ARC-Seal: i=2; cv=pass; a=rsa-sha256;", "ARC-Seal: i=2; cv=pass; a=rsa-sha1;"},
           {"a=rsa-sha256; c=relaxed/relaxed;\r\n d=gmail", "a=rsa-sha256; c=simple;\r\n d=gmail"},
           {"ARC-Seal: i=2; cv=pass;", "ARC-Seal: i=2; h=from; cv=pass;"},
           {"d=gmail.example; s=s2; t=12346; h=", "d=gmail.example; s=s2; l=3; t=12346; h="}}) {
    const std::string message = replaced(twice, what, by);
    EXPECT_EQ(verified(message, testing::kRecord).outcome, Outcome::fail) << what;
  }
  EXPECT_EQ(verified("ARC-Seal: i=3; a=b\r\n" + twice, testing::kRecord).outcome, Outcome::fail);
  EXPECT_EQ(verified("ARC-Seal: junk\r\n" + twice, testing::kRecord).outcome, Outcome::fail);
}

TEST_F(Arc, ChainGoesWithItsKeys) {
  EXPECT_EQ(verified(twice, std::nullopt).outcome, Outcome::temperror);
  EXPECT_EQ(verified(twice, "v=DKIM1; p=").outcome, Outcome::fail);
  EXPECT_EQ(verified(twice, "junk").outcome, Outcome::fail);
  EXPECT_EQ(verified_by_us(twice).outcome, Outcome::fail);
  // What is known to be broken needs no key.
  EXPECT_EQ(verified(replaced(twice, "Hey gang", "Hey Gang"), std::nullopt).outcome, Outcome::fail);
}

TEST_F(Arc, OurOwnSealsHold) {
  const std::string once = sealed(plain, "none");
  EXPECT_EQ(verified_by_us(once).outcome, Outcome::pass) << once;
  std::string more = once;
  for (int i = 0; i < 3; ++i) more = sealed(more, "pass");
  EXPECT_EQ(verified_by_us(more).outcome, Outcome::pass) << more;
  EXPECT_EQ(verified_by_us(replaced(more, "body", "Body")).outcome, Outcome::fail);
}

TEST_F(Arc, Ed25519SealsHold) {
  key = *dkim::SigningKey::generate(dkim::Algorithm::ed25519_sha256, 0);
  EXPECT_EQ(verified_by_us(sealed(plain, "none")).outcome, Outcome::pass);
}

TEST_F(Arc, SealCarriesTheResults) {
  const std::string once = sealed(plain, "none",
                                  {.authserv_id = "mx.example.com",
                                   .results = {{.method = "spf",
                                                .result = "pass",
                                                .reason = "",
                                                .properties = {{"smtp", "mailfrom", "a@b"}}}}});
  EXPECT_NE(
      once.find("ARC-Authentication-Results: i=1; mx.example.com; spf=pass smtp.mailfrom=a@b\r\n"),
      std::string::npos)
      << once;
  for (std::size_t at = 0; at < once.size(); at = once.find('\n', at) + 1)
    EXPECT_LE(once.find('\n', at) - at, 80U);
}

// Section 5.1.2: who finds a chain broken says so, and nobody goes on from there.
TEST_F(Arc, BrokenChainIsSealedOnceAsBroken) {
  const std::string changed = replaced(twice, "Hey gang", "Hey Gang");
  const std::string ended = sealed(changed, "fail");
  EXPECT_NE(ended.find("ARC-Seal: i=3; a=rsa-sha256; cv=fail;"), std::string::npos) << ended;
  EXPECT_EQ(verified_by_us(ended).outcome, Outcome::fail);
  EXPECT_EQ(sealed(ended, "fail"), "");
}

TEST_F(Arc, ChainIsNotContinuedUnderAnotherStatusThanItsOwn) {
  EXPECT_EQ(sealed(plain, "pass"), "");
  EXPECT_EQ(sealed(twice, "none"), "");
  EXPECT_EQ(sealed(twice, "temperror"), "");
  EXPECT_EQ(sealed("ARC-Seal: junk\r\n" + plain, "none"), "");
  EXPECT_EQ(sealed("ARC-Seal: junk\r\n" + plain, "fail"), "");
}

TEST_F(Arc, ChainHasFiftySetsAtMost) {
  const std::string fifty = "ARC-Seal: i=50; cv=pass\r\n" + plain;
  EXPECT_EQ(sealed(fifty, "fail"), "");
  EXPECT_NE(read_chain(mail::Headers::parse("ARC-Seal: i=51; cv=pass\r\n")).flaw, "");
}

TEST_F(Arc, DoesNotSealAMessageWithSignaturesWithoutEnd) {
  std::string message = plain;
  for (int i = 0; i < 10; ++i) message.insert(0, "DKIM-Signature: v=1\r\n");
  EXPECT_NE(sealed(message, "none"), "");
  for (int i = 0; i < 300; ++i) message.insert(0, "DKIM-Signature: v=1\r\n");
  EXPECT_EQ(sealed(message, "none"), "");
}

}  // namespace
}  // namespace sekisho::arc
