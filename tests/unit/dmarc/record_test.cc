#include "filters/dmarc/record.h"

#include <gtest/gtest.h>

namespace sekisho::dmarc {
namespace {

Record parsed(std::string_view text) {
  const auto record = parse_record(text);
  EXPECT_TRUE(record.has_value()) << text << ": " << (record ? "" : record.error().text);
  return record.value_or(Record());
}

TEST(DmarcRecord, HasThePolicyAndDefaultsForTheRest) {
  const Record record = parsed("v=DMARC1; p=reject");
  EXPECT_EQ(record.policy, Policy::reject);
  EXPECT_FALSE(record.subdomain_policy || record.nonexistent_policy);
  EXPECT_FALSE(record.strict_dkim || record.strict_spf || record.testing);
  EXPECT_EQ(record.percent, 100U);
  EXPECT_EQ(record.psd, Psd::unknown);
  EXPECT_EQ(record.reports, "");
}

// RFC 7489 appendix B.2.
TEST(DmarcRecord, OfTheStandardsExamplesIsRead) {
  EXPECT_EQ(parsed("v=DMARC1; p=none; rua=mailto:dmarc-feedback@example.com").reports,
            "mailto:dmarc-feedback@example.com");
  const Record sampled = parsed(
      "v=DMARC1; p=quarantine; rua=mailto:dmarc-feedback@example.com, "
      "mailto:tld-test@thirdparty.example.net!10m; pct=25");
  EXPECT_EQ(sampled.policy, Policy::quarantine);
  EXPECT_EQ(sampled.percent, 25U);
}

TEST(DmarcRecord, HasEveryTag) {
  const Record record = parsed(
      "V = DMARC1;p=None ; SP=quarantine;np=reject;adkim=S;aspf=s;pct=0;t=y;psd=n;x=y;fo=1:d;");
  EXPECT_EQ(record.policy, Policy::none);
  EXPECT_EQ(record.subdomain_policy, Policy::quarantine);
  EXPECT_EQ(record.nonexistent_policy, Policy::reject);
  EXPECT_TRUE(record.strict_dkim && record.strict_spf && record.testing);
  EXPECT_EQ(record.percent, 0U);
  EXPECT_EQ(record.psd, Psd::no);
}

TEST(DmarcRecord, BeginsWithItsVersion) {
  for (const std::string_view text :
       {"", "p=none; v=DMARC1", "v=DMARC2; p=none", "v=dmarc1; p=none", "v=DMARC1 p=none",
        "v=DMARC10; p=none", " v=DMARC1; p=none", "v=spf1 -all", "vv=DMARC1;p=none", ";v=DMARC1"}) {
    EXPECT_FALSE(is_dmarc_record(text)) << text;
    EXPECT_FALSE(parse_record(text)) << text;
  }
  EXPECT_TRUE(is_dmarc_record("v=DMARC1"));
}

TEST(DmarcRecord, IgnoresWhatItDoesNotKnowAndValuesThatAreNone) {
  const Record record =
      parsed("v=DMARC1; p=reject; junk; =; a b=c; adkim=x; pct=101; aspf=; psd=q");
  EXPECT_EQ(record.policy, Policy::reject);
  EXPECT_FALSE(record.strict_dkim || record.strict_spf);
  EXPECT_EQ(record.percent, 100U);
}

TEST(DmarcRecord, WithATagTwiceIsInvalid) {
  EXPECT_FALSE(parse_record("v=DMARC1; p=none; p=reject"));
  EXPECT_FALSE(parse_record("v=DMARC1; p=none; v=DMARC1"));
  EXPECT_FALSE(parse_record("v=DMARC1; p=none; RUA=mailto:a@b; rua=mailto:a@b"));
}

TEST(DmarcRecord, WithoutAValidPolicyIsNoneWhereReportsAreWantedAndInvalidElse) {
  for (const std::string_view tags : {"", "p=", "p=rejects", "p=none; sp=x", "p=reject; np=x"}) {
    const std::string text = "v=DMARC1; " + std::string(tags);
    EXPECT_FALSE(parse_record(text)) << text;
    EXPECT_FALSE(parse_record(text + "; rua=nobody")) << text;
    EXPECT_FALSE(parse_record(text + "; rua=mailto:")) << text;
    const Record record = parsed(text + "; rua=x,mailto:a@example.com");
    EXPECT_EQ(record.policy, Policy::none);
    EXPECT_FALSE(record.subdomain_policy || record.nonexistent_policy);
  }
}

TEST(DmarcRecord, WeakensReject) {
  EXPECT_EQ(weaker(Policy::reject), Policy::quarantine);
  EXPECT_EQ(weaker(Policy::quarantine), Policy::none);
  EXPECT_EQ(weaker(Policy::none), Policy::none);
}

}  // namespace
}  // namespace sekisho::dmarc
