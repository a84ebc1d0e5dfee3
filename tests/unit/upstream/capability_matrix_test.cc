// What becomes of each wish of a client at each kind of upstream: refused with this enhanced code,
// or carried with these parameters in MAIL or RCPT ("-": carried, and nothing to say of it).
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "gateway/upstream/commands.h"
#include "gateway/upstream/needs.h"
#include "tests/unit/upstream/upstream_fixture.h"

namespace sekisho::upstream {
namespace {

struct Personality {
  std::string_view name;
  std::vector<std::string> extensions;
  bool tls_verified = false;
};

const std::array<Personality, 8>& personalities() {
  static const std::array<Personality, 8> all{{
      {"knows HELO only", {}},
      {"has SIZE only", {"SIZE"}},
      {"of the nineties", {"SIZE 10000", "8BITMIME"}},
      {"reports", {"8BITMIME", "DSN"}},
      {"modern", {"SIZE 10000", "8BITMIME", "SMTPUTF8", "DSN", "CHUNKING"}},
      {"modern, in plain",
       {"SIZE 10000", "8BITMIME", "SMTPUTF8", "DSN", "REQUIRETLS", "BINARYMIME"}},
      {"modern, verified",
       {"SIZE 10000", "8BITMIME", "SMTPUTF8", "DSN", "REQUIRETLS", "CHUNKING", "BINARYMIME"},
       true},
      {"takes small mail", {"SIZE 1000", "8BITMIME", "SMTPUTF8"}},
  }};
  return all;
}

struct Wish {
  std::string_view mail;  // behind MAIL FROM:<a@b.example>
  std::string_view rcpt;  // behind RCPT TO:<x@example.net>
  std::array<std::string_view, 8> becomes;
};

const std::vector<Wish>& wishes() {
  static const std::string_view kUtf8 = "SMTPUTF8";
  static const std::string_view kId = "RET=HDRS ENVID=Q1";
  static const std::vector<Wish> all{
      {"", "", {"-", "-", "-", "-", "-", "-", "-", "-"}},
      {"SIZE=500",
       "",
       {"-", "SIZE=500", "SIZE=500", "-", "SIZE=500", "SIZE=500", "SIZE=500", "SIZE=500"}},
      {"SIZE=5000",
       "",
       {"-", "SIZE=5000", "SIZE=5000", "-", "SIZE=5000", "SIZE=5000", "SIZE=5000", "5.3.4"}},
      {"BODY=7BIT", "", {"-", "-", "-", "-", "-", "-", "-", "-"}},
      {"BODY=8BITMIME",
       "",
       {"5.6.3", "5.6.3", "BODY=8BITMIME", "BODY=8BITMIME", "BODY=8BITMIME", "BODY=8BITMIME",
        "BODY=8BITMIME", "BODY=8BITMIME"}},
      {"BODY=BINARYMIME",
       "",
       {"5.6.3", "5.6.3", "5.6.3", "5.6.3", "5.6.3", "5.6.3", "BODY=BINARYMIME", "5.6.3"}},
      {"SMTPUTF8", "", {"5.6.7", "5.6.7", "5.6.7", "5.6.7", kUtf8, kUtf8, kUtf8, kUtf8}},
      {"REQUIRETLS",
       "",
       {"5.7.30", "5.7.30", "5.7.30", "5.7.30", "5.7.30", "5.7.30", "REQUIRETLS", "5.7.30"}},
      {"RET=HDRS ENVID=Q1", "", {"-", "-", "-", kId, kId, kId, kId, "-"}},
      {"",
       "NOTIFY=FAILURE,DELAY",
       {"-", "-", "-", "NOTIFY=FAILURE,DELAY", "NOTIFY=FAILURE,DELAY", "NOTIFY=FAILURE,DELAY",
        "NOTIFY=FAILURE,DELAY", "-"}},
      {"",
       "NOTIFY=SUCCESS",
       {"5.3.3", "5.3.3", "5.3.3", "NOTIFY=SUCCESS", "NOTIFY=SUCCESS", "NOTIFY=SUCCESS",
        "NOTIFY=SUCCESS", "5.3.3"}},
      {"",
       "NOTIFY=NEVER",
       {"5.3.3", "5.3.3", "5.3.3", "NOTIFY=NEVER", "NOTIFY=NEVER", "NOTIFY=NEVER", "NOTIFY=NEVER",
        "5.3.3"}},
      {"",
       "ORCPT=rfc822;y+2Bz@example.org",
       {"-", "-", "-", "ORCPT=rfc822;y+2Bz@example.org", "ORCPT=rfc822;y+2Bz@example.org",
        "ORCPT=rfc822;y+2Bz@example.org", "ORCPT=rfc822;y+2Bz@example.org", "-"}},
  };
  return all;
}

// What stands behind the path of a command line.
std::string behind_path(const std::string& line) {
  const auto rest = line.substr(line.find('>') + 1);
  return rest.empty() ? "" : rest.substr(1);
}

std::string outcome(const Personality& upstream, const Wish& wish) {
  smtp::Reply hello = smtp::Reply::plain(250, "upstream.example");
  hello.lines.insert(hello.lines.end(), upstream.extensions.begin(), upstream.extensions.end());
  const auto capabilities = smtp::Capabilities::parse(hello);
  const Carrier carrier{.capabilities = capabilities, .tls_verified = upstream.tls_verified};

  auto mail = smtp::parse_mail("FROM:<a@b.example> " + std::string(wish.mail)).value();
  auto rcpt = smtp::parse_rcpt("TO:<x@example.net> " + std::string(wish.rcpt)).value();
  mail::Envelope envelope;
  envelope.sender = mail.sender;
  envelope.parameters = mail.parameters;
  auto refused = refuse_envelope(envelope, carrier);
  if (!refused) refused = refuse_recipient(rcpt.parameters, carrier);
  if (refused) return refused->enhanced.value().to_string();
  const Recipient recipient(grant_for("x@example.net"), rcpt.parameters);
  const std::string up = behind_path(mail_command(envelope, capabilities)) +
                         behind_path(rcpt_command(recipient, capabilities));
  return up.empty() ? "-" : up;
}

TEST(CapabilityMatrix, EachWishIsCarriedOrRefusedAtEachUpstream) {
  for (const Wish& wish : wishes())
    for (std::size_t i = 0; i < personalities().size(); ++i)
      EXPECT_EQ(outcome(personalities().at(i), wish), wish.becomes.at(i))
          << "an upstream that " << personalities().at(i).name << ", MAIL " << wish.mail
          << ", RCPT " << wish.rcpt;
}

Offer said(const Personality& upstream) {
  smtp::Reply hello = smtp::Reply::plain(250, "upstream.example");
  hello.lines.insert(hello.lines.end(), upstream.extensions.begin(), upstream.extensions.end());
  return {smtp::Capabilities::parse(hello), upstream.tls_verified};
}

TEST(Offer, HoldsWhatEveryUpstreamHas) {
  Offer offer;
  offer.narrow(said(personalities().at(6)));  // modern, verified
  EXPECT_TRUE(offer.smtp_utf8 && offer.dsn && offer.require_tls && offer.eight_bit_mime);
  EXPECT_TRUE(offer.binary_mime);
  EXPECT_EQ(offer.size, 10000U - 2048U);
  offer.narrow(said(personalities().at(3)));  // reports
  EXPECT_TRUE(offer.dsn && offer.eight_bit_mime);
  EXPECT_FALSE(offer.smtp_utf8 || offer.require_tls);
  offer.narrow(said(personalities().at(0)));  // knows HELO only
  EXPECT_FALSE(offer.dsn || offer.eight_bit_mime);
}

TEST(Offer, OfAnUpstreamThatNeverSpokeHoldsEightBitMimeOnly) {
  Offer offer;
  offer.narrow(std::nullopt);
  EXPECT_TRUE(offer.eight_bit_mime);
  EXPECT_FALSE(offer.smtp_utf8 || offer.dsn || offer.require_tls || offer.binary_mime ||
               offer.size);
}

TEST(Offer, HoldsBinaryMailOnlyWhereItCanBeSentInChunks) {
  for (const std::size_t without : {4U, 5U}) {  // modern; in plain
    Offer offer;
    offer.narrow(said(personalities().at(without)));
    EXPECT_FALSE(offer.binary_mime);
    EXPECT_TRUE(offer.smtp_utf8);
  }
}

TEST(Offer, NeverCountsRequireTlsOfAnUnverifiedConnection) {
  Offer offer;
  offer.narrow(said(personalities().at(5)));  // modern, in plain
  EXPECT_FALSE(offer.require_tls);
  EXPECT_TRUE(offer.smtp_utf8);
}

}  // namespace
}  // namespace sekisho::upstream
