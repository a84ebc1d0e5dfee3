#include "filters/dmarc/from_domain.h"

#include <gtest/gtest.h>

namespace sekisho::dmarc {
namespace {

Result<std::string> domain_of(std::string_view section) {
  return from_domain(mail::Headers::parse(section));
}

std::string flaw(std::string_view section) {
  const auto domain = domain_of(section);
  return domain ? "none: " + *domain : domain.error().text;
}

TEST(DmarcFromDomain, IsThatOfTheOneAuthor) {
  EXPECT_EQ(domain_of("To: x@y\r\nFrom: \"A, B\" <alice@Mail.Example.COM> (c)\r\n\r\n"),
            "mail.example.com");
  EXPECT_EQ(domain_of("from:\r\n alice@example.com"), "example.com");
}

TEST(DmarcFromDomain, IsThatOfSeveralAuthorsOfOneDomain) {
  EXPECT_EQ(domain_of("From: a@example.com, B <b@EXAMPLE.com>\r\n\r\n"), "example.com");
}

TEST(DmarcFromDomain, IsInALabels) {
  EXPECT_EQ(domain_of("From: a@b\xc3\xbc"
                      "cher.example\r\n\r\n"),
            "xn--bcher-kva.example");
}

TEST(DmarcFromDomain, IsNoneWhereAReaderCouldSeeAnotherAuthor) {
  EXPECT_EQ(flaw("To: a@b\r\n\r\n"), "the message has no From");
  EXPECT_EQ(flaw("\r\n"), "the message has no From");
  EXPECT_EQ(flaw("From: a@example.com\r\nfrom : a@example.com\r\n\r\n"),
            "the message has several From fields");
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
