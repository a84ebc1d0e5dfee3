#include "rules/content/deception.h"

#include <gtest/gtest.h>

namespace sekisho::rules::content {
namespace {

TEST(MisleadingLink, ShowsOneOrganisationAndLeadsToAnother) {
  EXPECT_TRUE(is_misleading_link("https://www.mybank.com/login", "mybank.com.evil.net"));
  EXPECT_TRUE(is_misleading_link("www.mybank.com", "evil.net"));
  EXPECT_TRUE(is_misleading_link(" mybank.com\r\n", "evil.net"));
  EXPECT_TRUE(is_misleading_link("Sign in at HTTP://MYBANK.COM:443 today", "evil.net"));
  EXPECT_TRUE(is_misleading_link("https://bank.co.uk", "other.co.uk"));
  EXPECT_TRUE(is_misleading_link("www.müller.de", "mueller.de"));
}

TEST(MisleadingLink, LeadsToABareAddress) {
  EXPECT_TRUE(is_misleading_link("https://www.mybank.com/", ""));
  EXPECT_FALSE(is_misleading_link("http://192.0.2.1/", ""));
}

TEST(MisleadingLink, IsNotOneWithinAnOrganisation) {
  EXPECT_FALSE(is_misleading_link("https://www.mybank.com/login", "login.mybank.com"));
  EXPECT_FALSE(is_misleading_link("mybank.com.", "mybank.com"));
  EXPECT_FALSE(is_misleading_link("www.müller.de", "shop.xn--mller-kva.de"));
}

TEST(MisleadingLink, NeedsATextThatIsALink) {
  EXPECT_FALSE(is_misleading_link("Click here", "evil.net"));
  EXPECT_FALSE(is_misleading_link("", "evil.net"));
  EXPECT_FALSE(is_misleading_link("report.txt", "evil.net"));
  EXPECT_FALSE(is_misleading_link("read about asp.net in our magazine", "evil.net"));
  EXPECT_FALSE(is_misleading_link("info@mybank.com", "evil.net"));
  EXPECT_FALSE(is_misleading_link("https://", "evil.net"));
  EXPECT_FALSE(is_misleading_link("https://192.0.2.1/", "evil.net"));
  EXPECT_FALSE(is_misleading_link(std::string(100'000, 'a') + ".com", "evil.net"));
}

TEST(MisleadingName, IsAnAddressOfAnotherOrganisation) {
  EXPECT_TRUE(is_misleading_name("service@mybank.com", "evil.net"));
  EXPECT_TRUE(is_misleading_name("My Bank <service@mybank.com>", "evil.net"));
  EXPECT_TRUE(is_misleading_name("@ me service@mybank.com", "evil.net"));
  EXPECT_FALSE(is_misleading_name("service@mybank.com", "news.mybank.com"));
  EXPECT_FALSE(is_misleading_name("My Bank", "evil.net"));
  EXPECT_FALSE(is_misleading_name("me @ work", "evil.net"));
  EXPECT_FALSE(is_misleading_name("@", "evil.net"));
}

TEST(Lookalike, IsWrittenInLettersThatLookLatin) {
  EXPECT_TRUE(is_lookalike("xn--80ak6aa92e.com"));     // аррӏе, all Cyrillic
  EXPECT_TRUE(is_lookalike("www.xn--pypal-4ve.com"));  // pаypal, one Cyrillic letter
  EXPECT_TRUE(is_lookalike("login.xn--80ak6aa92e.com"));
}

TEST(Lookalike, IsNoHonestNameOfAnotherLanguage) {
  EXPECT_FALSE(is_lookalike("apple.com"));
  EXPECT_FALSE(is_lookalike("xn--mller-kva.de"));       // müller
  EXPECT_FALSE(is_lookalike("xn--e1afmkfd.xn--p1ai"));  // пример.рф
  EXPECT_FALSE(is_lookalike("xn--e1afmkfd.com"));
  EXPECT_FALSE(is_lookalike("xn--r8jz45g.jp"));  // 例え
  EXPECT_FALSE(is_lookalike(""));
}

TEST(Lookalike, IsWhateverIsNoLabelAtAll) { EXPECT_TRUE(is_lookalike("xn--99999999999.com")); }

}  // namespace
}  // namespace sekisho::rules::content
