#include "gateway/smtp/capabilities.h"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace sekisho::smtp {
namespace {

Capabilities parse(std::vector<std::string> extensions) {
  Reply reply = Reply::plain(250, "mx.example.com greets you");
  reply.lines.insert(reply.lines.end(), extensions.begin(), extensions.end());
  return Capabilities::parse(reply);
}

TEST(Capabilities, ReadsKeywordsInAnyCase) {
  const auto found = parse({"PIPELINING", "8bitmime", "EnhancedStatusCodes", "starttls", "dsn",
                            "smtputf8", "RequireTLS", "DELIVERBY", "size 10485760",
                            "AUTH PLAIN login", "CHUNKING", "binarymime"});
  EXPECT_TRUE(found.pipelining);
  EXPECT_TRUE(found.eight_bit_mime);
  EXPECT_TRUE(found.enhanced_status_codes);
  EXPECT_TRUE(found.starttls);
  EXPECT_TRUE(found.dsn);
  EXPECT_TRUE(found.smtp_utf8);
  EXPECT_TRUE(found.require_tls);
  EXPECT_TRUE(found.has_size);
  EXPECT_EQ(found.size, 10'485'760U);
  EXPECT_EQ(found.auth, (std::vector<std::string>{"PLAIN", "LOGIN"}));
  EXPECT_TRUE(found.chunking && found.binary_mime);
  EXPECT_EQ(found.others, (std::vector<std::string>{"DELIVERBY"}));
}

TEST(Capabilities, AreNoneInAReplyOfOneLine) {
  EXPECT_EQ(parse({}), Capabilities{});
  EXPECT_EQ(Capabilities::parse(Reply::plain(250, "PIPELINING")), Capabilities{});
  EXPECT_EQ(Capabilities::parse(Reply{}), Capabilities{});
}

TEST(Capabilities, SizeWithoutANumberHasNoMaximum) {
  for (const char* line : {"SIZE", "SIZE ", "SIZE 0", "SIZE x", "SIZE 99999999999999999999999"}) {
    const auto found = parse({line});
    EXPECT_TRUE(found.has_size) << line;
    EXPECT_EQ(found.size, 0U) << line;
  }
  EXPECT_FALSE(parse({"SIZES 5"}).has_size);
}

TEST(Capabilities, ReadsTheOldFormOfAuthAndNamesEachMechanismOnce) {
  EXPECT_EQ(parse({"AUTH=LOGIN PLAIN"}).auth, (std::vector<std::string>{"LOGIN", "PLAIN"}));
  EXPECT_EQ(parse({"AUTH PLAIN LOGIN", "AUTH=PLAIN LOGIN"}).auth,
            (std::vector<std::string>{"PLAIN", "LOGIN"}));
  EXPECT_EQ(parse({"auth  PLAIN   XOAUTH2 "}).auth, (std::vector<std::string>{"PLAIN", "XOAUTH2"}));
  EXPECT_TRUE(parse({"AUTH", "AUTH="}).auth.empty());
}

TEST(Capabilities, DoNotComeFromLinesThatOnlyLookAlike) {
  const auto found = parse({"PIPELINING=no", "XSTARTTLS", "8BITMIMEX", "", "  "});
  EXPECT_FALSE(found.pipelining);
  EXPECT_FALSE(found.starttls);
  EXPECT_FALSE(found.eight_bit_mime);
  EXPECT_EQ(found.others.size(), 3U);
}

TEST(Capabilities, AreWrittenOneALine) {
  Capabilities ours;
  ours.pipelining = true;
  ours.has_size = true;
  ours.size = 1000;
  ours.starttls = true;
  ours.auth = {"PLAIN", "LOGIN"};
  ours.enhanced_status_codes = true;
  ours.eight_bit_mime = true;
  ours.chunking = ours.binary_mime = true;
  EXPECT_EQ(ours.to_reply("gw.example.com", "client").wire(),
            "250-gw.example.com greets client\r\n250-PIPELINING\r\n250-SIZE 1000\r\n"
            "250-STARTTLS\r\n250-AUTH PLAIN LOGIN\r\n250-ENHANCEDSTATUSCODES\r\n"
            "250-8BITMIME\r\n250-CHUNKING\r\n250 BINARYMIME\r\n");
  EXPECT_EQ(Capabilities{}.to_reply("gw.example.com", "").wire(), "250 gw.example.com\r\n");
}

TEST(Capabilities, WriteTheClientsNameWithoutItsControlBytes) {
  const auto wire = Capabilities{}.to_reply("gw", "x\r\n250 AUTH").wire();
  EXPECT_EQ(wire, "250 gw greets x??250 AUTH\r\n");
}

TEST(Capabilities, SurviveBeingWrittenAndReadBack) {
  const auto original = parse({"PIPELINING", "SIZE", "AUTH PLAIN", "DSN", "LIMITS RCPTMAX=5"});
  EXPECT_EQ(Capabilities::parse(original.to_reply("gw", "client")), original);
}

}  // namespace
}  // namespace sekisho::smtp
