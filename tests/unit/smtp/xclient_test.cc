#include "gateway/smtp/xclient.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sekisho::smtp {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Xclient read(std::string_view argument) {
  auto parsed = parse_xclient(argument);
  EXPECT_TRUE(parsed) << argument << ": " << (parsed ? "" : parsed.error().summary());
  return parsed.value_or(Xclient());
}

TEST(Xclient, ReadsEveryAttribute) {
  const auto all = read(
      "NAME=spike.porcupine.org ADDR=168.100.189.2 PORT=4711 PROTO=ESMTP HELO=spike LOGIN=bob+2Bx "
      "DESTADDR=IPV6:2001:db8::1 DESTPORT=25");
  EXPECT_EQ(all.name.value, "spike.porcupine.org");
  EXPECT_EQ(all.address.value, IpAddress::parse("168.100.189.2"));
  EXPECT_EQ(all.port.value, 4711);
  EXPECT_EQ(all.extended.value, true);
  EXPECT_EQ(all.helo.value, "spike");
  EXPECT_EQ(all.login.value, "bob+x");
  EXPECT_EQ(all.destination.value, IpAddress::parse("2001:db8::1"));
  EXPECT_EQ(all.destination_port.value, 25);
}

TEST(Xclient, NamesAndWordsAreTakenInEitherCase) {
  const auto some = read("addr=ipv6:2001:DB8::7 Proto=smtp name=[unavailable]");
  EXPECT_EQ(some.address.value, IpAddress::parse("2001:db8::7"));
  EXPECT_EQ(some.extended.value, false);
  EXPECT_TRUE(some.name.said);
  EXPECT_FALSE(some.name.value);
}

TEST(Xclient, WhatIsUnavailableIsSaidButHasNoValue) {
  const auto none = read("NAME=[TEMPUNAVAIL] ADDR=[UNAVAILABLE] LOGIN=[UNAVAILABLE]");
  EXPECT_TRUE(none.name.said && none.address.said && none.login.said);
  EXPECT_FALSE(none.name.value || none.address.value || none.login.value);
  EXPECT_FALSE(none.helo.said || none.port.said || none.extended.said);
}

TEST(Xclient, RefusesWhatIsNoAttributeOrNoValue) {
  for (const std::string_view argument :
       {"", "ADDR", "ADDR=", "FOO=bar", "ADDR=192.0.2.1 ADDR=192.0.2.2", "ADDR=2001:db8::1",
        "ADDR=IPV6:192.0.2.1", "ADDR=0.0.0.0", "ADDR=192.0.2.1/24", "PORT=65536", "PORT=-1",
        "PROTO=LMTP", "NAME=a+20b", "NAME=a..b", "HELO=a+20b", "LOGIN=a+0Db", "LOGIN=a+0",
        "LOGIN=+", "SOURCE=LOCAL"}) {
    const auto parsed = parse_xclient(argument);
    ASSERT_FALSE(parsed) << argument;
    EXPECT_EQ(parsed.error().code, 501) << argument;
  }
  EXPECT_FALSE(parse_xclient("LOGIN=" + std::string(256, 'x')));
}

TEST(Xclient, WritesWhatIsOfferedAlone) {
  const std::vector<ClientAttribute> attributes{
      {"NAME", ""},
      {"ADDR", attribute_address(IpAddress::parse("2001:db8::7").value())},
      {"LOGIN", "al ice=+"}};
  EXPECT_THAT(write_attribute_commands("XCLIENT", attributes, "NAME ADDR PORT LOGIN"),
              ElementsAre("XCLIENT NAME=[UNAVAILABLE] ADDR=IPV6:2001:db8::7 LOGIN=al+20ice+3D+2B"));
  EXPECT_THAT(write_attribute_commands("XFORWARD", attributes, "addr"),
              ElementsAre("XFORWARD ADDR=IPV6:2001:db8::7"));
  EXPECT_THAT(write_attribute_commands("XCLIENT", attributes, ""), IsEmpty());
}

TEST(Xclient, NoControlByteOfAValueEndsItsCommand) {
  const auto commands =
      write_attribute_commands("XCLIENT", {{"HELO", "a\r\nMAIL FROM:<>"}}, "HELO");
  EXPECT_THAT(commands, ElementsAre("XCLIENT HELO=a+0D+0AMAIL+20FROM:<>"));
}

TEST(Xclient, LongListsBecomeSeveralCommands) {
  const auto commands = write_attribute_commands("XCLIENT",
                                                 {{"HELO", std::string(300, 'h')},
                                                  {"NAME", std::string(300, 'n')},
                                                  {"LOGIN", "bob"},
                                                  {"IDENT", std::string(600, 'i')}},
                                                 "HELO NAME LOGIN IDENT");
  EXPECT_THAT(commands, ElementsAre("XCLIENT HELO=" + std::string(300, 'h'),
                                    "XCLIENT NAME=" + std::string(300, 'n') +
                                        " LOGIN=bob IDENT=[UNAVAILABLE]"));
}

TEST(Xclient, AnAddressBeginsAnewAndTheRestAddsToIt) {
  Xclient all;
  all.add(read("ADDR=192.0.2.1 LOGIN=alice HELO=one"));
  all.add(read("NAME=one.example.org LOGIN=[UNAVAILABLE]"));
  EXPECT_EQ(all.address.value, IpAddress::parse("192.0.2.1"));
  EXPECT_EQ(all.name.value, "one.example.org");
  EXPECT_EQ(all.helo.value, "one");
  EXPECT_FALSE(all.login.value);
  all.add(read("ADDR=[UNAVAILABLE] PORT=1"));
  EXPECT_EQ(all, read("ADDR=[UNAVAILABLE] PORT=1"));
}

}  // namespace
}  // namespace sekisho::smtp
