#include "gateway/mail/authentication_results.h"

#include <gtest/gtest.h>

#include "gateway/mail/headers.h"

namespace sekisho::mail {
namespace {

AuthenticationResults parsed(std::string_view value) {
  const auto results = parse_authentication_results(value);
  EXPECT_TRUE(results.has_value()) << value << ": " << (results ? "" : results.error().text);
  return results.value_or(AuthenticationResults());
}

TEST(AuthenticationResults, AreWrittenAsMethodsWithTheirProperties) {
  EXPECT_EQ(to_field_value({.authserv_id = "mx.example.com",
                            .results = {{.method = "spf",
                                         .result = "pass",
                                         .reason = {},
                                         .properties = {{"smtp", "mailfrom", "a@example.net"}}},
                                        {.method = "dkim",
                                         .result = "fail",
                                         .reason = "body hash differs",
                                         .properties = {{"header", "i", "@example.net"},
                                                        {"header", "b", "Ab/+3="}}}}}),
            "mx.example.com; spf=pass smtp.mailfrom=a@example.net; dkim=fail "
            "reason=\"body hash differs\" header.i=@example.net header.b=\"Ab/+3=\"");
}

TEST(AuthenticationResults, OfNoMethodAreNone) {
  EXPECT_EQ(to_field_value({.authserv_id = "mx.example.com", .results = {}}),
            "mx.example.com; none");
  EXPECT_TRUE(parsed("mx.example.com; none").results.empty());
}

TEST(AuthenticationResults, TakeNoResultFromTheBytesOfAnAddress) {
  const std::string value = to_field_value(
      {.authserv_id = "mx.example.com",
       .results = {
           {.method = "spf",
            .result = "fail",
            .reason = "no; dkim=pass",
            .properties = {{"smtp", "mailfrom", "\"x; dkim=pass\r\n header.d=bank.example\"@e"},
                           {"smtp", "helo", "a b\"; dmarc=pass (\xc3\xa9"}}}}});
  EXPECT_EQ(value,
            "mx.example.com; spf=fail reason=\"no? dkim?pass\" "
            "smtp.mailfrom=\"?x??dkim=pass???header.d=bank.example?@e\" "
            "smtp.helo=\"a?b???dmarc=pass????\"");
  EXPECT_EQ(parsed(value).results.size(), 1U);
}

TEST(AuthenticationResults, OfManyMethodsAreFoldedWithoutALineTooLong) {
  AuthenticationResults results{.authserv_id = "mx.example.com", .results = {}};
  for (int i = 0; i < 20; ++i) {
    results.results.push_back({.method = "dkim",
                               .result = "pass",
                               .reason = "",
                               .properties = {{"header", "d", "a-long-name.example.com"}}});
  }
  const std::string field = format_field("Authentication-Results", to_field_value(results));
  for (std::size_t at = 0; at < field.size(); at = field.find('\n', at) + 1) {
    EXPECT_LE(field.find('\n', at) - at, 80U);
  }
  const auto headers = Headers::parse(field);
  EXPECT_EQ(parsed(headers.fields().at(0).value), results);
}

// RFC 8601 appendix B.
TEST(AuthenticationResults, OfTheStandardsExamplesAreRead) {
  EXPECT_EQ(parsed(" example.org 1; none").authserv_id, "example.org");
  const auto nearly_all = parsed(
      " example.com;\r\n          auth=pass (cram-md5) smtp.auth=sender@example.net;\r\n"
      "          spf=pass smtp.mailfrom=example.net");
  ASSERT_EQ(nearly_all.results.size(), 2U);
  EXPECT_EQ(nearly_all.results[0],
            (MethodResult{"auth", "pass", "", {{"smtp", "auth", "sender@example.net"}}}));
  EXPECT_EQ(nearly_all.results[1],
            (MethodResult{"spf", "pass", "", {{"smtp", "mailfrom", "example.net"}}}));
  const auto comments = parsed(
      " foo.example.net (foobar) 1 (baz);\r\n    dkim (Because I like it) / 1 (One yay) = (wait "
      "for "
      "it) fail\r\n      policy (A dot can go here) . (like that) expired\r\n      (this surprised "
      "me) = (as I wasn't expecting it) 1362471462");
  ASSERT_EQ(comments.results.size(), 1U);
  EXPECT_EQ(comments.authserv_id, "foo.example.net");
  EXPECT_EQ(comments.results[0],
            (MethodResult{"dkim", "fail", "", {{"policy", "expired", "1362471462"}}}));
}

TEST(AuthenticationResults, OfLargeProvidersAreRead) {
  const auto results = parsed(
      " mx.example.net;\r\n       dkim=pass header.i=@example.org header.s=s1 "
      "header.b=\"k/a=\";\r\n"
      "       spf=pass (domain of a@b designates 192.0.2.1; yes) smtp.mailfrom=\"a b\"@b;\r\n"
      "       dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=example.org;");
  ASSERT_EQ(results.results.size(), 3U);
  EXPECT_EQ(results.results[0].properties[2].value, "k/a=");
  EXPECT_EQ(results.results[1].properties[0].value, "a b@b");
  EXPECT_EQ(results.results[2].properties[0], (ResultProperty{"header", "from", "example.org"}));
}

TEST(AuthenticationResults, ThatBreakTheGrammarAreNotReadInPart) {
  for (const std::string_view value :
       {"", ";", "mx.example.com", "mx.example.com spf=pass", "mx.example.com 2; spf=pass",
        "mx.example.com; spf", "mx.example.com; spf=", "mx.example.com; spf=pass x",
        "mx.example.com; spf=pass smtp.mailfrom=", "mx.example.com; spf=pass smtp.mailfrom=\"a",
        "mx.example.com; none; spf=pass", "mx.example.com; spf=pass (", "(mx.example.com; spf=pass",
        "mx.example.com; spf=pass;; dkim=pass"}) {
    EXPECT_FALSE(parse_authentication_results(value)) << value;
  }
}

TEST(AuthenticationResults, InOurNameAreRecognised) {
  for (const std::string_view value :
       {" mx.example.com; spf=pass", " MX.Example.Com ; spf=pass", "mx.example.com 1; spf=pass",
        "\r\n\tmx.example.com;\r\n spf=pass", " (by) mx.example.com (us); spf=pass",
        " (a;b) mx.example.com; spf=pass", " \"mx.example.com\"; spf=pass",
        " \"mx\\.example.com\"; spf=pass", " mx.example.com"}) {
    EXPECT_TRUE(claims_authserv_id(value, "mx.example.com")) << value;
  }
}

TEST(AuthenticationResults, ThatASloppyReaderTakesForOursAreRecognised) {
  for (const std::string_view value :
       {" mx.example.com.; spf=pass", " mx.example.com, spf=pass", " mx.example.com/1; spf=pass",
        " <mx.example.com>; spf=pass", " =?utf-8?q?mx.example.com?=; spf=pass",
        " (mx.example.com; spf=pass", " (a mx.example.com; spf=pass", " ; mx.example.com; spf=pass",
        " \"mx.example.com; spf=pass", " mx.exam\r\n ple.com; spf=pass",
        " id mx.example.com; spf=pass", " mx.example.com=; spf=pass"}) {
    EXPECT_TRUE(claims_authserv_id(value, "mx.example.com")) << value;
  }
}

TEST(AuthenticationResults, OfOthersAreNotTakenForOurs) {
  for (const std::string_view value :
       {" mx.example.net; spf=pass", " amx.example.com; spf=pass",
        " mx.example.com.evil.example; none", " mx.example.net; spf=pass smtp.helo=mx.example.com",
        " example.com; spf=pass", " mx.example.net (x); spf=pass (by mx.example.com)"}) {
    EXPECT_FALSE(claims_authserv_id(value, "mx.example.com")) << value;
  }
}

}  // namespace
}  // namespace sekisho::mail
