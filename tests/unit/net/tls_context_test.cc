#include "gateway/net/tls_context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/test_certificate.h"

namespace sekisho::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string refusal(const Result<std::shared_ptr<const TlsContext>>& made) {
  if (made) return "it was accepted";
  EXPECT_EQ(made.error().kind, ErrorKind::invalid);
  return made.error().text;
}

TEST(TlsContext, TakesAMatchingPair) {
  for (const bool rsa : {false, true}) {
    TestCertificate::Options options;
    options.rsa = rsa;
    const TestCertificate pair({"localhost"}, options);
    const auto made = TlsContext::server(pair.certificate_file(), pair.key_file());
    ASSERT_TRUE(made) << made.error().text;
    EXPECT_TRUE((*made)->is_server());
    EXPECT_FALSE((*made)->verifies());
  }
}

TEST(TlsContext, RefusesAKeyOfAnotherCertificateAndNamesBothFiles) {
  const TestCertificate one;
  const TestCertificate other;
  EXPECT_THAT(refusal(TlsContext::server(one.certificate_file(), other.key_file())),
              AllOf(HasSubstr("does not belong"), HasSubstr(one.certificate_file().string()),
                    HasSubstr(other.key_file().string())));
}

TEST(TlsContext, RefusesAKeyOfAnotherKind) {
  TestCertificate::Options rsa;
  rsa.rsa = true;
  const TestCertificate one;
  const TestCertificate other({"localhost"}, rsa);
  EXPECT_THAT(refusal(TlsContext::server(one.certificate_file(), other.key_file())),
              HasSubstr("does not belong"));
}

TEST(TlsContext, RefusesAnEncryptedKeyWithoutAsking) {
  TestCertificate::Options options;
  options.key_password = "secret";
  const TestCertificate pair({"localhost"}, options);
  EXPECT_THAT(refusal(TlsContext::server(pair.certificate_file(), pair.key_file())),
              AllOf(HasSubstr("encrypted"), HasSubstr(pair.key_file().string())));
}

TEST(TlsContext, NamesTheFileThatItCannotOpen) {
  const TestCertificate pair;
  const auto missing = pair.folder().path() / "missing.pem";
  for (const auto& made :
       {TlsContext::server(missing, pair.key_file()),
        TlsContext::server(pair.certificate_file(), missing), TlsContext::client(true, missing)}) {
    EXPECT_THAT(refusal(made), AllOf(HasSubstr(missing.string()), HasSubstr("No such file")));
  }
}

TEST(TlsContext, NamesTheFileThatHoldsNothingOfUse) {
  const TestCertificate pair;
  for (const std::string_view content : {"", "-----BEGIN CERTIFICATE-----\nAAAA\n", "hello\n"}) {
    const auto bad = pair.folder().write("bad.pem", content);
    EXPECT_THAT(refusal(TlsContext::server(bad, pair.key_file())), HasSubstr(bad.string()));
    EXPECT_THAT(refusal(TlsContext::server(pair.certificate_file(), bad)), HasSubstr(bad.string()));
    EXPECT_THAT(refusal(TlsContext::client(true, bad)), HasSubstr(bad.string()));
  }
}

TEST(TlsContext, AFolderIsNoCertificate) {
  const TestCertificate pair;
  EXPECT_THAT(refusal(TlsContext::server(pair.folder().path(), pair.key_file())),
              HasSubstr(pair.folder().path().string()));
}

TEST(TlsContext, VerifiesAgainstTheSystemStoreWhenNoFileIsNamed) {
  const auto made = TlsContext::client(true, {});
  ASSERT_TRUE(made) << made.error().text;
  EXPECT_TRUE((*made)->verifies());
  EXPECT_FALSE((*made)->is_server());
}

}  // namespace
}  // namespace sekisho::test
