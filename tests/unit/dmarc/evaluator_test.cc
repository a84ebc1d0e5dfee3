#include "filters/dmarc/evaluator.h"

#include <gtest/gtest.h>

namespace sekisho::dmarc {
namespace {

using mail::AuthResult;

// Names and their TXT records; what isn't there doesn't exist.
using Zone = std::map<std::string, std::vector<std::string>>;

class DmarcEvaluator : public ::testing::Test {
 public:
  void SetUp() override {
    auto opened = PublicSuffixes::open();
    ASSERT_TRUE(opened.has_value());
    suffixes = std::move(*opened);
  }

  DmarcEvaluator& spf(AuthResult result, std::string domain,
                      mail::SpfFact::Identity identity = mail::SpfFact::Identity::mail_from) {
    mail::SpfFact& fact = facts.spf.emplace_back();
    fact.identity = identity;
    fact.result = result;
    fact.domain = std::move(domain);
    return *this;
  }
  DmarcEvaluator& dkim(AuthResult result, std::string domain) {
    mail::DkimFact& fact = facts.dkim.emplace_back();
    fact.result = result;
    fact.domain = std::move(domain);
    return *this;
  }

  Verdict judge(const std::string& from, const Zone& zone, unsigned sample = 0) {
    DnsAnswers answers;
    asked.clear();
    for (int round = 0; round < 10; ++round) {
      auto evaluation = evaluate({.from_domain = from, .authentication = facts, .sample = sample},
                                 suffixes, answers);
      if (evaluation.verdict) {
        facts = {};
        return *evaluation.verdict;
      }
      asked.push_back(evaluation.needed->name);
      auto& answer = answers[*evaluation.needed];
      if (evaluation.needed->name == failing) continue;
      answer.emplace();
      const auto found = zone.find(evaluation.needed->name);
      answer->status = found == zone.end()     ? dns::Answer::Status::no_name
                       : found->second.empty() ? dns::Answer::Status::no_data
                                               : dns::Answer::Status::found;
      if (found == zone.end()) continue;
      for (const std::string& text : found->second) answer->records.emplace_back().text = text;
    }
    ADD_FAILURE() << "no verdict";
    return {};
  }

  // What becomes of a failing message, in the domain's words.
  Policy disposition(const std::string& from, const Zone& zone, unsigned sample = 0) {
    return judge(from, zone, sample).disposition;
  }
  AuthResult result(const std::string& from, const Zone& zone) { return judge(from, zone).result; }

  PublicSuffixes suffixes;
  mail::Authentication facts;
  std::string failing;
  std::vector<std::string> asked;
};

const Zone kReject{{"_dmarc.example.com", {"v=DMARC1; p=reject"}}};
const Zone kStrict{{"_dmarc.example.com", {"v=DMARC1; p=reject; adkim=s; aspf=s"}}};

TEST_F(DmarcEvaluator, WithoutARecordIsNone) {
  const auto verdict = spf(AuthResult::pass, "example.com").judge("example.com", {});
  EXPECT_EQ(verdict.result, AuthResult::none);
  EXPECT_EQ(verdict.disposition, Policy::none);
  EXPECT_FALSE(verdict.record);
}

// RFC 7489 appendix B.1.1: SPF in alignment.
TEST_F(DmarcEvaluator, SpfPassesInAlignment) {
  EXPECT_EQ(spf(AuthResult::pass, "example.com").result("example.com", kReject), AuthResult::pass);
  // Example 2: a subdomain, aligned when relaxed alone.
  EXPECT_EQ(spf(AuthResult::pass, "child.example.com").result("example.com", kReject),
            AuthResult::pass);
  EXPECT_EQ(spf(AuthResult::pass, "child.example.com").result("example.com", kStrict),
            AuthResult::fail);
  // Example 3: another domain.
  EXPECT_EQ(spf(AuthResult::pass, "sample.net").result("example.com", kReject), AuthResult::fail);
}

// RFC 7489 appendix B.1.2: DKIM in alignment.
TEST_F(DmarcEvaluator, DkimPassesInAlignment) {
  EXPECT_EQ(dkim(AuthResult::pass, "example.com").result("example.com", kStrict), AuthResult::pass);
  EXPECT_EQ(dkim(AuthResult::pass, "example.com").result("child.example.com", kReject),
            AuthResult::pass);
  EXPECT_EQ(dkim(AuthResult::pass, "sample.net").result("example.com", kReject), AuthResult::fail);
}

TEST_F(DmarcEvaluator, StrictAlignmentTakesNeitherParentNorChild) {
  EXPECT_EQ(dkim(AuthResult::pass, "example.com").result("child.example.com", kStrict),
            AuthResult::fail);
  EXPECT_EQ(dkim(AuthResult::pass, "child.example.com").result("example.com", kStrict),
            AuthResult::fail);
  EXPECT_EQ(dkim(AuthResult::pass, "EXAMPLE.com.").result("example.com", kStrict),
            AuthResult::pass);
}

TEST_F(DmarcEvaluator, OneAlignedPassAmongOthersIsEnough) {
  spf(AuthResult::fail, "example.com").dkim(AuthResult::fail, "example.com");
  const auto verdict = dkim(AuthResult::pass, "a.example.com").judge("example.com", kReject);
  EXPECT_EQ(verdict.result, AuthResult::pass);
  EXPECT_EQ(verdict.policy, Policy::reject);
  EXPECT_EQ(verdict.disposition, Policy::none);
  EXPECT_EQ(verdict.identifiers.size(), 3U);
}

TEST_F(DmarcEvaluator, WithoutAnAlignedPassFailsByThePolicy) {
  spf(AuthResult::softfail, "example.com").dkim(AuthResult::fail, "example.com");
  const auto verdict = judge("example.com", kReject);
  EXPECT_EQ(verdict.result, AuthResult::fail);
  EXPECT_EQ(verdict.disposition, Policy::reject);
  EXPECT_EQ(verdict.record_domain, "example.com");
}

TEST_F(DmarcEvaluator, TheHeloNameAloneIsNoIdentifier) {
  EXPECT_EQ(spf(AuthResult::pass, "example.com", mail::SpfFact::Identity::helo)
                .result("example.com", kReject),
            AuthResult::fail);
}

TEST_F(DmarcEvaluator, DomainsBelowOnePublicSuffixAreNotOfOneOrganization) {
  const Zone zone{{"_dmarc.example.co.uk", {"v=DMARC1; p=reject"}}};
  EXPECT_EQ(dkim(AuthResult::pass, "evil.co.uk").result("example.co.uk", zone), AuthResult::fail);
  EXPECT_EQ(dkim(AuthResult::pass, "co.uk").result("example.co.uk", zone), AuthResult::fail);
  EXPECT_EQ(dkim(AuthResult::pass, "a.example.co.uk").result("b.c.example.co.uk", zone),
            AuthResult::pass);
  // A suffix is an organization of its own.
  const Zone suffix{{"_dmarc.co.uk", {"v=DMARC1; p=reject"}}};
  EXPECT_EQ(dkim(AuthResult::pass, "example.co.uk").result("co.uk", suffix), AuthResult::fail);
}

TEST_F(DmarcEvaluator, TheOrganizationalDomainSpeaksForItsSubdomains) {
  const Zone zone{{"_dmarc.example.com", {"v=DMARC1; p=none; sp=reject"}}};
  EXPECT_EQ(disposition("a.b.example.com", zone), Policy::reject);
  EXPECT_EQ(asked, (std::vector<std::string>{"_dmarc.a.b.example.com", "_dmarc.example.com"}));
  EXPECT_EQ(disposition("example.com", zone), Policy::none);
  EXPECT_EQ(disposition("a.example.com", kReject), Policy::reject);
}

TEST_F(DmarcEvaluator, ARecordOfTheSubdomainGoesBeforeThatOfTheOrganization) {
  const Zone zone{{"_dmarc.example.com", {"v=DMARC1; p=reject"}},
                  {"_dmarc.a.example.com", {"something else", "v=DMARC1; p=none; sp=reject"}}};
  EXPECT_EQ(disposition("a.example.com", zone), Policy::none);
}

TEST_F(DmarcEvaluator, SeveralRecordsAreNone) {
  const Zone zone{{"_dmarc.a.example.com", {"v=DMARC1; p=reject", "v=DMARC1; p=none"}},
                  {"_dmarc.example.com", {"v=DMARC1; p=reject"}}};
  const auto verdict = judge("a.example.com", zone);
  EXPECT_EQ(verdict.result, AuthResult::none);
  EXPECT_EQ(verdict.reason, "the domain has several records");
  EXPECT_EQ(asked.size(), 1U);
}

TEST_F(DmarcEvaluator, AnInvalidRecordIsPermerror) {
  const auto verdict = judge("example.com", {{"_dmarc.example.com", {"v=DMARC1; p=rejct"}}});
  EXPECT_EQ(verdict.result, AuthResult::permerror);
  EXPECT_EQ(verdict.disposition, Policy::none);
  EXPECT_EQ(verdict.record_domain, "example.com");
}

TEST_F(DmarcEvaluator, AFailedLookUpIsTemperror) {
  failing = "_dmarc.example.com";
  EXPECT_EQ(result("example.com", kReject), AuthResult::temperror);
  EXPECT_EQ(result("a.example.com", kReject), AuthResult::temperror);
}

TEST_F(DmarcEvaluator, AnAlignedTemperrorWithoutAPassIsTemperror) {
  const auto verdict = dkim(AuthResult::temperror, "example.com").judge("example.com", kReject);
  EXPECT_EQ(verdict.result, AuthResult::temperror);
  EXPECT_EQ(verdict.policy, Policy::reject);
  EXPECT_EQ(dkim(AuthResult::temperror, "example.net").result("example.com", kReject),
            AuthResult::fail);
  EXPECT_EQ(spf(AuthResult::temperror, "example.com")
                .dkim(AuthResult::pass, "example.com")
                .result("example.com", kReject),
            AuthResult::pass);
}

TEST_F(DmarcEvaluator, PctIsForTheMessagesBelowIt) {
  const Zone zone{{"_dmarc.example.com", {"v=DMARC1; p=reject; pct=25"}}};
  EXPECT_EQ(disposition("example.com", zone, 24), Policy::reject);
  EXPECT_EQ(disposition("example.com", zone, 25), Policy::quarantine);
  const Zone never{{"_dmarc.example.com", {"v=DMARC1; p=quarantine; pct=0"}}};
  EXPECT_EQ(disposition("example.com", never, 0), Policy::none);
}

TEST_F(DmarcEvaluator, APolicyUnderTestIsTheNextWeakerOne) {
  const Zone zone{{"_dmarc.example.com", {"v=DMARC1; p=reject; t=y"}}};
  const auto verdict = judge("example.com", zone);
  EXPECT_EQ(verdict.policy, Policy::reject);
  EXPECT_EQ(verdict.disposition, Policy::quarantine);
}

TEST_F(DmarcEvaluator, NpIsForSubdomainsThatDoNotExist) {
  const Zone zone{{"_dmarc.example.com", {"v=DMARC1; p=none; sp=none; np=reject"}},
                  {"there.example.com", {}}};
  EXPECT_EQ(disposition("not.example.com", zone), Policy::reject);
  EXPECT_EQ(disposition("there.example.com", zone), Policy::none);
  EXPECT_EQ(disposition("example.com", zone), Policy::none);
  failing = "not.example.com";
  EXPECT_EQ(result("not.example.com", zone), AuthResult::temperror);
  // What passes needs no policy.
  EXPECT_EQ(dkim(AuthResult::pass, "example.com").result("not.example.com", zone),
            AuthResult::pass);
}

// RFC 9091: gov.example is no suffix by the list; bank.uk is below one.
TEST_F(DmarcEvaluator, APublicSuffixSpeaksForItsDomainsWhenItSaysThatItIsOne) {
  const Zone zone{{"_dmarc.uk", {"v=DMARC1; p=none; sp=quarantine; np=reject; psd=y"}},
                  {"bank.uk", {}}};
  EXPECT_EQ(disposition("bank.uk", zone), Policy::quarantine);
  EXPECT_EQ(disposition("typo.uk", zone), Policy::reject);
  EXPECT_EQ(judge("bank.uk", {{"_dmarc.uk", {"v=DMARC1; p=reject"}}}).result, AuthResult::none);
  EXPECT_EQ(judge("bank.uk", {{"_dmarc.uk", {"v=DMARC1; p=rejct"}}}).result, AuthResult::none);
}

TEST_F(DmarcEvaluator, ADomainCanSayThatItIsASuffixThoughTheListDoesNotKnow) {
  const Zone zone{{"_dmarc.gov.example", {"v=DMARC1; p=reject; psd=y"}}};
  EXPECT_EQ(dkim(AuthResult::pass, "two.gov.example").result("one.gov.example", zone),
            AuthResult::fail);
  EXPECT_EQ(dkim(AuthResult::pass, "a.one.gov.example").result("b.one.gov.example", zone),
            AuthResult::pass);
  EXPECT_EQ(dkim(AuthResult::pass, "one.gov.example").result("gov.example", zone),
            AuthResult::fail);
}

TEST_F(DmarcEvaluator, ADomainCanSayThatItIsAnOrganizationOfItsOwn) {
  const Zone zone{{"_dmarc.lab.example.com", {"v=DMARC1; p=reject; psd=n"}}};
  EXPECT_EQ(dkim(AuthResult::pass, "example.com").result("lab.example.com", zone),
            AuthResult::fail);
  EXPECT_EQ(dkim(AuthResult::pass, "x.lab.example.com").result("lab.example.com", zone),
            AuthResult::pass);
}

TEST(PublicSuffixes, AreReadFromAFile) {
  EXPECT_TRUE(PublicSuffixes::open("/usr/share/publicsuffix/public_suffix_list.dat"));
  EXPECT_TRUE(PublicSuffixes::open("/usr/share/publicsuffix/public_suffix_list.dafsa"));
  EXPECT_FALSE(PublicSuffixes::open("/nonexistent"));
  EXPECT_FALSE(PublicSuffixes::open("/dev/null"));
}

TEST(PublicSuffixes, KnowOrganizationalDomains) {
  const auto list = PublicSuffixes::open();
  ASSERT_TRUE(list.has_value());
  EXPECT_EQ(list->organizational_domain("a.b.example.com"), "example.com");
  EXPECT_EQ(list->organizational_domain("example.com"), "example.com");
  EXPECT_EQ(list->organizational_domain("com"), "com");
  EXPECT_EQ(list->organizational_domain("a.xn--55qx5d.cn"), "a.xn--55qx5d.cn");
  EXPECT_EQ(list->public_suffix("a.b.example.co.uk"), "co.uk");
}

}  // namespace
}  // namespace sekisho::dmarc
