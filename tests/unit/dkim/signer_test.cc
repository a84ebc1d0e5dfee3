#include "filters/dkim/signer.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/unit/dkim/vectors.h"

namespace sekisho::dkim {
namespace {

constexpr WallTime kNow{std::chrono::seconds(1700000000)};

const SigningKey& test_key(Algorithm algorithm) {
  static const SigningKey rsa = *SigningKey::from_pem(Secret(vectors::read_data("test.private")));
  static const SigningKey ed25519 =
      *SigningKey::from_pem(vectors::ed25519_pem(vectors::read_data("ed25519test.key")));
  return algorithm == Algorithm::rsa_sha256 ? rsa : ed25519;
}

SignatureOptions options(Algorithm algorithm = Algorithm::rsa_sha256) {
  return {.algorithm = algorithm, .domain = "example.com", .selector = "s1"};
}

std::string signature_of(std::string_view message, const SignatureOptions& how) {
  const auto headers = mail::Headers::parse(message);
  auto made = prepare(headers, fields_to_sign(headers),
                      vectors::hash_of_body(how.canonicalization.body, vectors::body_of(message)),
                      how, kNow);
  return finished(std::move(made.field), *test_key(how.algorithm).sign(made.digest));
}

std::string verified(const std::string& message, const std::string& field, Algorithm algorithm) {
  return vectors::verify(field + message, field, test_key(algorithm).public_key());
}

const std::string kMessage =
    "Received: from a by b; now\r\nFrom: Ann <ann@example.com>\r\nTo: bob@example.net\r\n"
    "Subject:  two\r\n words\r\nContent-Type: text/plain\r\nX-Other: yes\r\n\r\nHello \r\n\r\n";

TEST(DkimSigner, MakesSignaturesThatVerifyInEveryForm) {
  for (const Algorithm algorithm : {Algorithm::rsa_sha256, Algorithm::ed25519_sha256})
    for (const std::string_view form :
         {"simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"}) {
      auto how = options(algorithm);
      how.canonicalization = *Canonicalization::parse(form);
      const auto field = signature_of(kMessage, how);
      EXPECT_EQ(verified(kMessage, field, algorithm), "pass") << field;
      EXPECT_EQ(verified(kMessage + "x", field, algorithm), "body hash");
    }
}

TEST(DkimSigner, NoticesAFieldThatWasAddedOrChanged) {
  const auto field = signature_of(kMessage, options());
  for (const std::string_view name :
       {"From", "To", "Cc", "Subject", "Date", "Reply-To", "Message-ID", "MIME-Version",
        "Content-Type", "Content-Transfer-Encoding", "Content-ID", "Content-Disposition"}) {
    EXPECT_EQ(verified(std::string(name) + ": x\r\n" + kMessage, field, Algorithm::rsa_sha256),
              "signature")
        << name;
  }
  auto changed = kMessage;
  changed.replace(changed.find("two"), 3, "2");
  EXPECT_EQ(verified(changed, field, Algorithm::rsa_sha256), "signature");
}

TEST(DkimSigner, LeavesWhatChangesOnTheWayUnsigned) {
  const auto field = signature_of(kMessage, options());
  for (const std::string_view name :
       {"Received", "Return-Path", "Authentication-Results", "DKIM-Signature", "X-Spam", "List-Id",
        "Sender", "Resent-From"}) {
    EXPECT_EQ(verified(std::string(name) + ": x\r\n" + kMessage, field, Algorithm::rsa_sha256),
              "pass")
        << name;
  }
}

TEST(DkimSigner, SignsEveryFieldOfARepeatedName) {
  const std::string message = "To: a@example.com\r\nTo: b@example.com\r\nFrom: a@b\r\n\r\n";
  const auto names = fields_to_sign(mail::Headers::parse(message));
  EXPECT_EQ(std::ranges::count(names, "To"), 3);
  EXPECT_EQ(std::ranges::count(names, "Cc"), 1);
  EXPECT_EQ(std::ranges::count(names, "Received"), 0);
}

TEST(DkimSigner, SignsNoHeaderOfThousandsOfFields) {
  for (const bool same : {true, false}) {
    std::string message = kMessage;
    for (int i = 0; i < 20'000; ++i)
      message.insert(0, same ? "To: x\r\n" : "Content-" + std::to_string(i) + ": x\r\n");
    EXPECT_TRUE(fields_to_sign(mail::Headers::parse(message)).empty());
  }
}

TEST(DkimSigner, FoldsAt78Columns) {
  std::string message = kMessage;
  for (int i = 0; i < 30; ++i) message.insert(0, "Content-Odd-" + std::to_string(i) + ": x\r\n");
  for (const Algorithm algorithm : {Algorithm::rsa_sha256, Algorithm::ed25519_sha256}) {
    auto how = options(algorithm);
    how.lifetime = std::chrono::hours(24);
    how.identity = "@example.com";
    const auto field = signature_of(message, how);
    ASSERT_TRUE(field.ends_with("\r\n"));
    for (std::string_view rest = field; !rest.empty();) {
      const auto end = rest.find("\r\n");
      EXPECT_LE(end, FieldWriter::kColumns) << rest.substr(0, end);
      rest.remove_prefix(end + 2);
      EXPECT_TRUE(rest.empty() || rest[0] == ' ') << rest;
    }
    EXPECT_EQ(verified(message, field, algorithm), "pass") << field;
  }
}

TEST(DkimSigner, SaysWhenAndForWhomOnlyWhenAskedTo) {
  auto how = options();
  how.timestamp = false;
  auto tags_of = [](const std::string& field) { return field.substr(field.find(':') + 1); };
  auto text = tags_of(signature_of(kMessage, how));
  auto tags = TagList::parse(text);
  ASSERT_TRUE(tags);
  for (const std::string_view absent : {"t", "x", "i", "l", "z", "q"})
    EXPECT_FALSE(tags->find(absent)) << absent;

  how.timestamp = true;
  how.lifetime = std::chrono::seconds(3600);
  how.identity = encode_quoted_printable("an;n@example.com");
  text = tags_of(signature_of(kMessage, how));
  tags = TagList::parse(text);
  ASSERT_TRUE(tags);
  EXPECT_EQ(tags->find("t"), "1700000000");
  EXPECT_EQ(tags->find("x"), "1700003600");
  EXPECT_EQ(tags->find("i"), "an=3Bn@example.com");
}

TEST(DkimSigner, IsNotLedAstrayByTheNamesOfFields) {
  const std::string odd = "Content-;b=x: 1\r\nContent-" + std::string(900, 'a') + ": 2\r\n";
  const auto field = signature_of(odd + kMessage, options());
  EXPECT_TRUE(TagList::parse(field.substr(field.find(':') + 1))) << field;
  EXPECT_EQ(verified(odd + kMessage, field, Algorithm::rsa_sha256), "pass");
}

}  // namespace
}  // namespace sekisho::dkim
