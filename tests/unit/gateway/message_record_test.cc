#include "gateway/message_record.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sekisho {
namespace {

using smtp::Reply;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

struct MessageRecordTest : testing::Test {
  TimePoint begun = Clock::now();
  mail::Peer peer;
  mail::Envelope envelope;
  MessageRecord record{begun};

  void SetUp() override {
    peer.remote = Endpoint{.address = IpAddress::v4({192, 0, 2, 1}), .port = 4711};
    peer.listener = "mx";
    peer.helo = "client.example.org";
    envelope.id = "abc.1";
    envelope.sender = smtp::parse_mailbox("alice@example.org").value();
    envelope.recipients.push_back(smtp::parse_mailbox("bob@example.com").value());
  }
  std::string text(const Reply* reply, Duration later = 1500ms) {
    return record.line(peer, envelope, reply, begun + later).render(LogFormat::logfmt, "");
  }
};

TEST_F(MessageRecordTest, TellsAnAcceptedMessageFromItsBeginningToItsEnd) {
  peer.user = "alice";
  peer.tls_version = "TLSv1.3";
  record.size = 4096;
  record.decider = Decider::upstream;
  record.legs = {{"postfix", "250 2.0.0 Ok: queued as 4F", "4F"}};
  record.recipients_time = 250ms;
  record.receive_time = 500ms;
  record.filter_time = 1250us;
  record.delivery_time = 100ms;
  const Reply reply = Reply::of(250, "2.0.0", "queued as abc.1");
  EXPECT_EQ(text(&reply),
            "message src=[192.0.2.1]:4711 id=abc.1 listener=mx user=alice helo=client.example.org "
            "tls=TLSv1.3 from=<alice@example.org> rcpt=<bob@example.com> nrcpt=1 size=4096 "
            "verdict=accepted code=250 class=upstream upstream=postfix "
            "reply=\"250 2.0.0 Ok: queued as 4F\" queue_id=4F ms_rcpt=250.00 ms_receive=500.00 "
            "ms_filter=1.25 ms_deliver=100.00 ms_total=1500.00");
}

TEST_F(MessageRecordTest, TellsWhichCertificateTheClientShowed) {
  peer.tls_version = "TLSv1.3";
  PeerCertificate shown;
  shown.fingerprint = "ab12";
  shown.subject = "CN=x,O=a \"b\"";
  peer.certificate = std::make_shared<const PeerCertificate>(shown);
  EXPECT_THAT(text(nullptr), HasSubstr("tls=TLSv1.3 client_cert=unverified client_cert_subject="
                                       "\"CN=x,O=a \\\"b\\\"\" client_cert_sha256=ab12 from="));
}

TEST_F(MessageRecordTest, LeavesOutWhatThereIsNothingToSayOf) {
  envelope.sender.reset();
  const Reply reply = Reply::of(451, "4.3.0", "later");
  EXPECT_EQ(text(&reply, 0s),
            "message src=[192.0.2.1]:4711 id=abc.1 listener=mx helo=client.example.org tls=none "
            "from=<> rcpt=<bob@example.com> nrcpt=1 size=0 verdict=deferred code=451 class=client "
            "ms_rcpt=0.00 ms_receive=0.00 ms_filter=0.00 ms_deliver=0.00 ms_total=0.00");
}

TEST_F(MessageRecordTest, CallsTheVerdictByItsReply) {
  struct Case {
    Reply reply;
    std::string_view verdict;
  };
  for (const Case& each : {Case{Reply::of(250, "2.0.0", "ok"), "verdict=accepted code=250"},
                           Case{Reply::of(421, "4.3.2", "bye"), "verdict=deferred code=421"},
                           Case{Reply::of(550, "5.7.1", "no"), "verdict=rejected code=550"}})
    EXPECT_THAT(text(&each.reply), HasSubstr(each.verdict));
}

TEST_F(MessageRecordTest, AMessageThatGotNoReplyIsAbandonedAndHasNoCode) {
  EXPECT_THAT(text(nullptr), HasSubstr("verdict=abandoned class=client"));
  EXPECT_THAT(text(nullptr), Not(HasSubstr("code=")));
}

TEST_F(MessageRecordTest, NamesWhoDecidedAndWhy) {
  record.decider = Decider::filter;
  record.filter = "attachments";
  record.why = "a.exe is a program";
  record.recipients_refused = 2;
  const Reply reply = Reply::of(550, "5.7.1", "no");
  EXPECT_THAT(text(&reply), HasSubstr("refused=2"));
  EXPECT_THAT(text(&reply),
              HasSubstr("class=filter filter=attachments why=\"a.exe is a program\""));
}

TEST_F(MessageRecordTest, HasAWordOfItsOwnForEachDecider) {
  std::vector<std::string_view> words;
  for (const Decider decider :
       {Decider::upstream, Decider::relay, Decider::filter, Decider::framing, Decider::size,
        Decider::loop, Decider::limit, Decider::gateway, Decider::client})
    words.push_back(to_string(decider));
  EXPECT_THAT(words, Not(testing::Contains("unknown")));
  std::ranges::sort(words);
  EXPECT_EQ(std::ranges::adjacent_find(words), words.end());
}

TEST_F(MessageRecordTest, NamesTwentyRecipientsAndCountsTheRest) {
  envelope.recipients.clear();
  for (int i = 1; i <= 25; ++i)
    envelope.recipients.push_back(smtp::parse_mailbox(fmt::format("u{}@example.com", i)).value());
  const std::string line = text(nullptr);
  EXPECT_THAT(line, HasSubstr("<u20@example.com>,+5"));
  EXPECT_THAT(line, Not(HasSubstr("<u21@")));
  EXPECT_THAT(line, HasSubstr("nrcpt=25"));
}

TEST_F(MessageRecordTest, StaysOneLineWhateverOthersWrite) {
  peer.helo = "a\r\nmessage src=[203.0.113.1]:25\x1b[2J";
  record.legs = {{{}, "250 ok\nevent=x", {}}};
  record.why = std::string(100'000, 'y');
  const std::string line = text(nullptr);
  EXPECT_THAT(line, StartsWith("message src=[192.0.2.1]:4711 "));
  EXPECT_TRUE(std::ranges::all_of(
      line, [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != '\x7f'; }));
  EXPECT_LT(line.size(), 3000U);
}

}  // namespace
}  // namespace sekisho
