#include "gateway/mail/authentication.h"

#include <gtest/gtest.h>

namespace sekisho::mail {
namespace {

TEST(Authentication, WritesWhatEachMethodFoundOut) {
  Authentication found;
  EXPECT_TRUE(found.empty());
  found.spf.push_back({.identity = SpfFact::Identity::helo,
                       .result = AuthResult::none,
                       .domain = "mail.example.org",
                       .address = "mail.example.org",
                       .reason = {}});
  found.spf.push_back({.identity = SpfFact::Identity::mail_from,
                       .result = AuthResult::pass,
                       .domain = "example.org",
                       .address = "ann@example.org",
                       .reason = {}});
  found.dkim.push_back({.result = AuthResult::fail,
                        .domain = "example.org",
                        .selector = "s1",
                        .identity = {},
                        .algorithm = "rsa-sha256",
                        .signature = "AbCd",
                        .reason = "body hash"});
  found.dmarc = {.result = AuthResult::pass,
                 .from_domain = "example.org",
                 .policy = "reject",
                 .disposition = {},
                 .reason = {}};
  found.arc = {.result = AuthResult::none, .domain = {}, .reason = {}};
  EXPECT_FALSE(found.empty());
  EXPECT_EQ(to_field_value({"gw.example.com", found.to_method_results()}),
            "gw.example.com; spf=none smtp.helo=mail.example.org; spf=pass "
            "smtp.mailfrom=ann@example.org; dkim=fail reason=\"body hash\" header.d=example.org "
            "header.s=s1 header.a=rsa-sha256 header.b=AbCd; dmarc=pass header.from=example.org "
            "policy.dmarc=reject; arc=none");
}

TEST(Authentication, FindsTheSpfResultOfAnIdentity) {
  Authentication found;
  EXPECT_EQ(found.find_spf(SpfFact::Identity::mail_from), nullptr);
  found.spf.push_back({.identity = SpfFact::Identity::mail_from,
                       .result = AuthResult::softfail,
                       .domain = "example.org",
                       .address = {},
                       .reason = {}});
  EXPECT_EQ(found.find_spf(SpfFact::Identity::helo), nullptr);
  ASSERT_NE(found.find_spf(SpfFact::Identity::mail_from), nullptr);
  EXPECT_EQ(found.find_spf(SpfFact::Identity::mail_from)->domain, "example.org");
}

}  // namespace
}  // namespace sekisho::mail
