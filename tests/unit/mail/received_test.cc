#include "gateway/mail/received.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/base/text.h"

namespace sekisho::mail {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const WallTime kNow{std::chrono::seconds(1'795'502'476)};

Peer peer() {
  Peer peer;
  peer.remote = *Endpoint::parse("192.0.2.7:40000");
  peer.helo = "client.example";
  peer.extended = true;
  return peer;
}

Envelope envelope() {
  Envelope envelope;
  envelope.id = "k3f9.2";
  envelope.recipients = {*smtp::parse_mailbox("bob@example.org")};
  return envelope;
}

const ReceivedOptions kOptions{
    .hostname = "gw.example.net", .hide_client = false, .loop_token = "t0k3n"};

TEST(ReceivedField, HasTheShapeOfRfc5321) {
  EXPECT_EQ(received_field(peer(), envelope(), kOptions, kNow),
            "Received: from client.example ([192.0.2.7])\r\n"
            "\tby gw.example.net (Sekisho t0k3n)\r\n"
            "\twith ESMTP\r\n"
            "\tid k3f9.2\r\n"
            "\tfor <bob@example.org>;\r\n"
            "\t" +
                rfc5322_date(kNow) + "\r\n");
}

TEST(ReceivedField, NamesNoAddressOfAClientThatHasNone) {
  Peer client = peer();
  client.remote = {};
  const std::string field = received_field(client, envelope(), kOptions, kNow);
  EXPECT_TRUE(field.starts_with("Received: from client.example (by Unix socket)\r\n\tby gw."));
  EXPECT_THAT(field, Not(HasSubstr("0.0.0.0")));
}

TEST(ReceivedField, NamesTheProtocolAsRfc3848Does) {
  struct Case {
    bool extended;
    bool tls;
    bool user;
    std::string_view word;
  };
  for (const Case& c : {Case{true, false, false, "ESMTP"}, Case{true, true, false, "ESMTPS"},
                        Case{true, false, true, "ESMTPA"}, Case{true, true, true, "ESMTPSA"},
                        Case{false, false, false, "SMTP"}, Case{false, true, false, "SMTP"}}) {
    Peer client = peer();
    client.extended = c.extended;
    if (c.tls) client.tls_version = "TLSv1.3";
    if (c.user) client.user = "alice";
    const std::string field = received_field(client, envelope(), kOptions, kNow);
    const std::string with = "with " + std::string(c.word) + (c.tls ? " (" : "\r\n");
    EXPECT_THAT(field, HasSubstr(with));
  }
}

TEST(ReceivedField, NamesLmtpAsRfc3848Does) {
  Peer client = peer();
  client.lmtp = true;
  EXPECT_THAT(received_field(client, envelope(), kOptions, kNow), HasSubstr("with LMTP\r\n"));
  client.tls_version = "TLSv1.3";
  EXPECT_THAT(received_field(client, envelope(), kOptions, kNow),
              HasSubstr("with LMTPS (TLSv1.3)"));
  client.user = "alice";
  EXPECT_THAT(received_field(client, envelope(), kOptions, kNow),
              HasSubstr("with LMTPSA (TLSv1.3)"));
  Envelope utf8 = envelope();
  utf8.parameters.smtp_utf8 = true;
  EXPECT_THAT(received_field(client, utf8, kOptions, kNow), HasSubstr("with UTF8LMTPSA (TLSv1.3)"));
}

TEST(ReceivedField, TellsVersionAndCipherOfTls) {
  Peer client = peer();
  client.tls_version = "TLSv1.3";
  client.tls_cipher = "TLS_AES_256_GCM_SHA384";
  EXPECT_THAT(received_field(client, envelope(), kOptions, kNow),
              HasSubstr("with ESMTPS (TLSv1.3 cipher TLS_AES_256_GCM_SHA384)\r\n"));
}

TEST(ReceivedField, NamesAClientsCertificateOnlyWhereItIsVerified) {
  Peer client = peer();
  client.tls_version = "TLSv1.3";
  PeerCertificate shown;
  shown.subject = "CN=evil (x)";
  shown.problem = "self-signed certificate";
  client.certificate = std::make_shared<const PeerCertificate>(shown);
  EXPECT_THAT(received_field(client, envelope(), kOptions, kNow),
              HasSubstr("(TLSv1.3 client certificate not verified)\r\n"));
  shown.verified = true;
  client.certificate = std::make_shared<const PeerCertificate>(shown);
  EXPECT_THAT(received_field(client, envelope(), kOptions, kNow),
              HasSubstr("(TLSv1.3 client certificate CN=evil ?x?)\r\n"));
  client.user = "alice";
  ReceivedOptions hiding = kOptions;
  hiding.hide_client = true;
  EXPECT_THAT(received_field(client, envelope(), hiding, kNow), Not(HasSubstr("certificate")));
}

TEST(ReceivedField, WritesIpv6AsAnSmtpLiteral) {
  Peer client = peer();
  client.remote = *Endpoint::parse("[2001:db8::1]:1");
  EXPECT_THAT(received_field(client, envelope(), kOptions, kNow),
              HasSubstr("([IPv6:2001:db8::1])"));
}

TEST(ReceivedField, HidesAuthenticatedClientsWhenAsked) {
  ReceivedOptions options = kOptions;
  options.hide_client = true;
  Peer client = peer();
  client.user = "alice";
  const std::string hidden = received_field(client, envelope(), options, kNow);
  EXPECT_THAT(hidden, Not(HasSubstr("192.0.2.7")));
  EXPECT_THAT(hidden, Not(HasSubstr("client.example")));
  EXPECT_THAT(hidden, Not(HasSubstr("alice")));
  client.user.clear();
  EXPECT_THAT(received_field(client, envelope(), options, kNow), HasSubstr("[192.0.2.7]"));
}

TEST(ReceivedField, NamesTheRecipientOnlyWhenThereIsOne) {
  Envelope two = envelope();
  two.recipients.push_back(*smtp::parse_mailbox("carol@example.org"));
  EXPECT_THAT(received_field(peer(), two, kOptions, kNow), Not(HasSubstr("example.org")));
}

TEST(ReceivedField, CannotBeBrokenByAHeloName) {
  for (const std::string_view helo :
       {"a\r\nX-Evil: 1", "a\r\n\r\nbody", "a) (b", "a; Tue, 1 Jan 2030 00:00:00 +0000", "\xff\xfe",
        "<a@b>", "\"", "a\\", "", "a,b"}) {
    Peer client = peer();
    client.helo = helo;
    const std::string field = received_field(client, envelope(), kOptions, kNow);
    const auto headers = Headers::parse(field);
    EXPECT_EQ(headers.fields().size(), 1U) << helo;
    EXPECT_EQ(headers.size(), field.size()) << helo;
    EXPECT_EQ(std::ranges::count(field, ';'), 1) << helo;
    EXPECT_EQ(std::ranges::count(field, '('), 2) << helo;
    EXPECT_EQ(std::ranges::count(field, '\n'), 6) << helo;
    EXPECT_TRUE(std::ranges::all_of(field, [](char c) {
      return (c >= 32 && c < 127) || c == '\t' || c == '\r' || c == '\n';
    })) << helo;
  }
}

std::string received(std::size_t count, std::string_view token) {
  std::string out;
  ReceivedOptions options = kOptions;
  options.loop_token = token;
  for (std::size_t i = 0; i < count; ++i) out += received_field(peer(), envelope(), options, kNow);
  return out;
}

TEST(LoopReason, IsEmptyUpToBothLimits) {
  const std::string text = received(3, "t0k3n") + received(7, "other");
  EXPECT_EQ(loop_reason(Headers::parse(text), 10, 3, "t0k3n"), "");
}

TEST(LoopReason, CountsAllReceivedFields) {
  const std::string text = received(11, "other");
  EXPECT_THAT(loop_reason(Headers::parse(text), 10, 3, "t0k3n"), HasSubstr("11"));
}

TEST(LoopReason, CountsOurOwnFields) {
  const std::string text = received(4, "t0k3n");
  EXPECT_THAT(loop_reason(Headers::parse(text), 10, 3, "t0k3n"), HasSubstr("4 times"));
}

TEST(LoopReason, TakesNoOtherTokenForOurs) {
  const std::string text = received(9, "t0k3nX") + received(9, "Xt0k3n");
  EXPECT_EQ(loop_reason(Headers::parse(text), 100, 3, "t0k3n"), "");
}

TEST(LoopReason, FindsOurFieldsAfterAnotherServerFoldedThemAnew) {
  std::string text;
  for (int i = 0; i < 4; ++i) {
    text += "received: from x by gw.example.net (Sekisho\r\n t0k3n) with ESMTP; date\r\n";
  }
  EXPECT_NE(loop_reason(Headers::parse(text), 100, 3, "t0k3n"), "");
}

TEST(LoopReason, WithoutATokenCountsNoFieldAsOurs) {
  EXPECT_EQ(loop_reason(Headers::parse(received(5, "")), 100, 0, ""), "");
}

TEST(Received, NameThatAProxyToldStandsBesideTheAddress) {
  Peer named = peer();
  named.name = "client.example.net";
  EXPECT_THAT(
      received_field(named, envelope(), {.hostname = "gw.example.com", .loop_token = {}}, kNow),
      HasSubstr("from client.example (client.example.net [192.0.2.7])"));
}

}  // namespace
}  // namespace sekisho::mail
