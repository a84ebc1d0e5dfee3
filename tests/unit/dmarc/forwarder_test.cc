#include "filters/dmarc/forwarder.h"

#include <gtest/gtest.h>

namespace sekisho::dmarc {
namespace {

std::string chain_that_says(const std::string& results) {
  return "ARC-Seal: i=1; cv=none; d=lists.example\r\nARC-Message-Signature: i=1; "
         "d=lists.example\r\n"
         "ARC-Authentication-Results: i=1; lists.example; " +
         results + "\r\nFrom: a@example.com\r\n";
}

bool vouched(const std::string& results, mail::AuthResult chain = mail::AuthResult::pass,
             const std::string& sealer = "lists.example") {
  const std::string section = chain_that_says(results);
  mail::Authentication authentication;
  mail::ArcFact& fact = authentication.arc.emplace();
  fact.result = chain;
  fact.domain = sealer;
  return vouched_for(mail::Headers::parse(section), authentication, {"lists.example"},
                     "example.com");
}

TEST(DmarcForwarder, IsBelievedWhenItsSealHoldsAndSaysThatTheMailPassed) {
  EXPECT_TRUE(vouched("spf=fail smtp.mailfrom=a@b; dmarc=pass header.from=Example.com"));
}

TEST(DmarcForwarder, IsNotBelievedWhenItSaysSomethingElse) {
  EXPECT_FALSE(vouched("dmarc=fail header.from=example.com"));
  EXPECT_FALSE(vouched("dmarc=pass header.from=example.net"));
  EXPECT_FALSE(vouched("dmarc=pass"));
  EXPECT_FALSE(vouched("spf=pass header.from=example.com"));
  EXPECT_FALSE(vouched("none"));
  EXPECT_FALSE(vouched("dmarc=pass header.from=example.com; junk"));
}

TEST(DmarcForwarder, IsNotBelievedWithoutAChainThatHolds) {
  const std::string passed = "dmarc=pass header.from=example.com";
  EXPECT_FALSE(vouched(passed, mail::AuthResult::fail));
  EXPECT_FALSE(vouched(passed, mail::AuthResult::temperror));
  EXPECT_FALSE(vouched(passed, mail::AuthResult::pass, "other.example"));
  const std::string section = chain_that_says(passed);
  EXPECT_FALSE(vouched_for(mail::Headers::parse(section), {}, {"lists.example"}, "example.com"));
}

}  // namespace
}  // namespace sekisho::dmarc
