#include "filters/dkim/key.h"

#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/temp_dir.h"
#include "tests/unit/dkim/vectors.h"

namespace sekisho::dkim {
namespace {

using vectors::read_data;

TEST(DkimKey, SignsAndVerifiesWithBothAlgorithms) {
  const std::string digest = sha256("hello");
  for (const Algorithm algorithm : {Algorithm::rsa_sha256, Algorithm::ed25519_sha256}) {
    const auto key = SigningKey::generate(algorithm, 1024);
    ASSERT_TRUE(key) << key.error().text;
    const auto signature = key->sign(digest);
    ASSERT_TRUE(signature) << signature.error().text;
    EXPECT_TRUE(key->public_key().verify(digest, *signature));
    EXPECT_FALSE(key->public_key().verify(sha256("hell0"), *signature));
    EXPECT_FALSE(key->public_key().verify(digest, signature->substr(1)));

    const auto again = SigningKey::from_pem(*key->to_pem());
    ASSERT_TRUE(again) << again.error().text;
    const auto record = KeyRecord::parse(record_text(again->public_key()));
    ASSERT_TRUE(record) << record.error().text;
    ASSERT_TRUE(record->key);
    EXPECT_TRUE(record->key->verify(digest, *signature));
  }
}

// RFC 8463 appendix A: the signature of RFC 6376's message, byte by byte, since Ed25519 has one.
TEST(DkimKey, MakesTheSignatureOfRfc8463) {
  const auto key = SigningKey::from_pem(vectors::ed25519_pem(read_data("rfc8032_7_1.key")));
  ASSERT_TRUE(key) << key.error().text;
  EXPECT_EQ(base64_encode(key->public_key().bytes()),
            "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
  const auto message = vectors::crlf(read_data("rfc6376.signed.msg"));
  const auto headers = mail::Headers::parse(message);
  const auto field = headers.fields().front().raw;
  const auto tags = TagList::parse(headers.fields().front().value);
  ASSERT_TRUE(tags);
  ASSERT_EQ(tags->find("a"), "ed25519-sha256");
  const auto names = words_of_list(*tags->find("h"));
  const auto signature = key->sign(
      sha256(selected_fields(Form::simple, headers, names) + unsigned_form(Form::simple, field)));
  ASSERT_TRUE(signature);
  EXPECT_EQ(*signature, decode_base64_value(*tags->find("b")));
}

TEST(DkimKey, VerifiesBothSignaturesOfRfc8463) {
  const auto message = vectors::crlf(read_data("rfc6376.signed.msg"));
  const auto headers = mail::Headers::parse(message);
  const auto ed25519 =
      KeyRecord::parse("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
  const auto rsa = KeyRecord::parse(
      "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWR"
      "iGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutAC"
      "DfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3"
      "Ip3G+2kryOTIKT+l/K4w3QIDAQAB");
  ASSERT_TRUE(ed25519 && rsa);
  EXPECT_EQ(vectors::verify(message, headers.fields()[0].raw, *ed25519->key), "pass");
  EXPECT_EQ(vectors::verify(message, headers.fields()[1].raw, *rsa->key), "pass");
  EXPECT_EQ(vectors::verify(message, headers.fields()[1].raw, *ed25519->key), "signature");
}

TEST(DkimKey, ReadsRecordsAsTheyArePublished) {
  const auto record = KeyRecord::parse(vectors::first_line(read_data("test.txt")));
  ASSERT_TRUE(record) << record.error().text;
  EXPECT_EQ(record->key->bits(), 1024);
  const auto flags = KeyRecord::parse("t=y:s; p=");
  ASSERT_TRUE(flags);
  EXPECT_FALSE(flags->key);
  EXPECT_TRUE(flags->testing);
  EXPECT_TRUE(flags->strict_identity);
}

TEST(DkimKey, RefusesRecordsThatAreNotForMailSignedWithSha256) {
  const std::string key = "; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
  EXPECT_TRUE(KeyRecord::parse("v=DKIM1; h=sha1:sha256; s=email" + key));
  EXPECT_FALSE(KeyRecord::parse("v=DKIM2" + key));
  EXPECT_FALSE(KeyRecord::parse("t=y; v=DKIM1" + key));
  EXPECT_FALSE(KeyRecord::parse("h=sha1" + key));
  EXPECT_FALSE(KeyRecord::parse("s=tlsrpt" + key));
  EXPECT_FALSE(KeyRecord::parse("v=DKIM1"));
  EXPECT_FALSE(KeyRecord::parse("v=DKIM1; p=*"));
  EXPECT_FALSE(KeyRecord::parse("v=DKIM1; p=AAAA"));
  EXPECT_FALSE(KeyRecord::parse("v=DKIM1; k=ed25519; p=AAAA"));
  EXPECT_FALSE(KeyRecord::parse("v=DKIM1; k=ecdsa; p=AAAA"));
}

TEST(DkimKey, RefusesAFileThatOthersCanRead) {
  const test::TempDir dir;
  const auto file = dir.path() / "key.pem";
  std::ofstream(file) << read_data("test.private");
  ASSERT_EQ(::chmod(file.c_str(), 0644), 0);
  const auto open = SigningKey::read(file);
  ASSERT_FALSE(open);
  EXPECT_NE(open.error().text.find("chmod u=rw,g=r,o="), std::string::npos) << open.error().text;
  ASSERT_EQ(::chmod(file.c_str(), 0640), 0);
  const auto closed = SigningKey::read(file);
  ASSERT_TRUE(closed) << closed.error().text;
  EXPECT_EQ(closed->algorithm(), Algorithm::rsa_sha256);
}

TEST(DkimKey, SaysWhatAFileLacks) {
  const test::TempDir dir;
  const auto file = dir.path() / "key.pem";
  EXPECT_FALSE(SigningKey::read(file));
  std::ofstream(file) << "nothing";
  ASSERT_EQ(::chmod(file.c_str(), 0600), 0);
  const auto key = SigningKey::read(file);
  ASSERT_FALSE(key);
  EXPECT_NE(key.error().text.find("sekisho dkim gen"), std::string::npos) << key.error().text;
}

}  // namespace
}  // namespace sekisho::dkim
