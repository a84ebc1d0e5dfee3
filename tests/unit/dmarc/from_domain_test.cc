#include "filters/dmarc/from_domain.h"

#include <gtest/gtest.h>

namespace sekisho::dmarc {
namespace {

std::string flaw(std::string_view section) {
  const auto domain = from_domain(section);
  return domain ? "none: " + *domain : domain.error().text;
}

TEST(DmarcFromDomain, IsThatOfTheOneAuthor) {
  EXPECT_EQ(from_domain("To: x@y\r\nFrom: \"A, B\" <alice@Mail.Example.COM> (c)\r\n\r\n"),
            "mail.example.com");
  EXPECT_EQ(from_domain("from:\r\n alice@example.com"), "example.com");
}

TEST(DmarcFromDomain, IsThatOfSeveralAuthorsOfOneDomain) {
  EXPECT_EQ(from_domain("From: a@example.com, B <b@EXAMPLE.com>\r\n\r\n"), "example.com");
}

TEST(DmarcFromDomain, IsInALabels) {
  EXPECT_EQ(from_domain("From: a@b\xc3\xbc"
                        "cher.example\r\n\r\n"),
            "xn--bcher-kva.example");
}

TEST(DmarcFromDomain, IsNoneWhereAReaderCouldSeeAnotherAuthor) {
  EXPECT_EQ(flaw("To: a@b\r\n\r\n"), "the message has no From");
  EXPECT_EQ(flaw("\r\n"), "the message has no From");
  EXPECT_EQ(flaw("From: a@example.com\r\nfrom : a@example.com\r\n\r\n"),
            "the message has several From fields");
  EXPECT_EQ(flaw("From: a@example.com\r\njunk\r\nFrom: b@example.net\r\n\r\n"),
            "the message has several From fields");
  EXPECT_EQ(flaw("To: x@y\r\njunk\r\nFrom: b@example.net\r\n\r\n"),
            "the From stands behind a line that is no header field");
  EXPECT_EQ(flaw("From: a@example.com b@example.net\r\n\r\n"), "the From can't be read");
  EXPECT_EQ(flaw("From: a@example.com <b@example.net>\r\n\r\n"), "the From can't be read");
  EXPECT_EQ(flaw("From: nobody\r\n\r\n"), "the From can't be read");
  EXPECT_EQ(flaw("From: us:;\r\n\r\n"), "the From has no address");
  EXPECT_EQ(flaw("From: a@example.com, b@example.net\r\n\r\n"),
            "the From has addresses of several domains");
  EXPECT_EQ(flaw("From: a@[192.0.2.1]\r\n\r\n"), "the From has an address without a domain");
}

}  // namespace
}  // namespace sekisho::dmarc
