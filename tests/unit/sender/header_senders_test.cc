#include "gateway/sender/header_senders.h"

#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace sekisho::sender {
namespace {

using Kind = HeaderFinding::Kind;

// ann@x.example and everything in ann.example is the user's.
bool owns(const smtp::Mailbox& address) {
  return address.domain == "ann.example" || address.to_string() == "ann@x.example";
}

// "From foreign eve@x.example", one a finding.
std::vector<std::string> look(std::string_view section) {
  std::vector<std::string> all;
  for (const auto& finding : find_foreign_senders(section, owns)) {
    std::string_view kind;
    switch (finding.kind) {
      case Kind::foreign:
        kind = "foreign";
        break;
      case Kind::missing:
        kind = "missing";
        break;
      case Kind::several:
        kind = "several";
        break;
      case Kind::unreadable:
        kind = "unreadable";
        break;
    }
    all.push_back(fmt::format("{} {}{}{}", finding.field, kind, finding.text.empty() ? "" : " ",
                              finding.text));
  }
  return all;
}

using Words = std::vector<std::string>;

TEST(HeaderSenders, TheUsersOwnAddressesAreFine) {
  for (const char* section : {
           "From: ann@x.example\r\n\r\n",
           "Subject: x\r\nFROM : Ann <ann@x.example>\r\n",
           "From: ann@x.example\r\nSender: a@ann.example\r\nResent-From: b@ann.example\r\n"
           "Resent-From: ann@x.example\r\nResent-Sender: ann@x.example\r\n\r\n",
           "From: ann@x.example, b@ann.example\r\nSender: ann@x.example\r\n\r\n",
           "From:\r\n Ann\r\n <ann@x.example>\r\n\r\n",
           "To: eve@x.example\r\nReply-To: eve@x.example\r\nFrom: ann@x.example\r\n\r\n",
       })
    EXPECT_EQ(look(section), Words{}) << section;
}

TEST(HeaderSenders, AnAddressOfAnotherIsFoundInEachOfTheFields) {
  EXPECT_EQ(look("From: Ann <eve@x.example>\r\n\r\n"), Words{"From foreign eve@x.example"});
  EXPECT_EQ(look("From: \"ann@x.example\" <eve@x.example>\r\n\r\n"),
            Words{"From foreign eve@x.example"});
  EXPECT_EQ(look("From: ann@x.example\r\nSender: eve@x.example\r\n\r\n"),
            Words{"Sender foreign eve@x.example"});
  EXPECT_EQ(look("From: ann@x.example\r\nResent-From: ann@x.example\r\n"
                 "Resent-From: eve@x.example\r\nResent-Sender: eve@y.example\r\n\r\n"),
            (Words{"Resent-From foreign eve@x.example", "Resent-Sender foreign eve@y.example"}));
  EXPECT_EQ(look("From: ann@x.example, eve@x.example\r\nSender: ann@x.example\r\n\r\n"),
            Words{"From foreign eve@x.example"});
  EXPECT_EQ(look("From: Team: ann@x.example, eve@x.example;\r\nSender: ann@x.example\r\n\r\n"),
            Words{"From foreign eve@x.example"});
}

TEST(HeaderSenders, ThereIsExactlyOneFrom) {
  EXPECT_EQ(look(""), Words{"From missing"});
  EXPECT_EQ(look("\r\n"), Words{"From missing"});
  EXPECT_EQ(look("Subject: x\r\n\r\n"), Words{"From missing"});
  EXPECT_EQ(look("From: ann@x.example\r\nFrom: ann@x.example\r\n\r\n"), Words{"From several 2"});
  EXPECT_EQ(look("From: ann@x.example\r\nFROM : eve@x.example\r\n\r\n"), Words{"From several 2"});
}

TEST(HeaderSenders, SeveralAuthorsNeedASender) {
  EXPECT_EQ(look("From: ann@x.example, b@ann.example\r\n\r\n"), Words{"Sender missing"});
  EXPECT_EQ(look("From: ann@x.example\r\nSender: ann@x.example, b@ann.example\r\n\r\n"),
            Words{"Sender unreadable more than one address"});
  EXPECT_EQ(look("From: ann@x.example\r\nSender: ann@x.example\r\nSender: ann@x.example\r\n\r\n"),
            Words{"Sender several 2"});
}

TEST(HeaderSenders, WhatCannotBeReadIsNotTheUsers) {
  for (const char* value : {"", "ann@x.example <eve@x.example>", "undisclosed:;", "Ann",
                            "<ann@x.example><eve@x.example>", "=?utf-8?q?ann=40x.example?="}) {
    const auto found = look(fmt::format("From: {}\r\n\r\n", value));
    ASSERT_EQ(found.size(), 1U) << value;
    EXPECT_TRUE(found[0].starts_with("From unreadable")) << found[0];
  }
}

TEST(HeaderSenders, BoundsTheNumberOfAddressesOfAllFields) {
  std::string section = "From: ann@x.example\r\n";
  for (int i = 0; i < 1001; ++i) section += "Resent-From: ann@x.example\r\n";
  EXPECT_EQ(look(section), Words{"Resent-From unreadable too many addresses"});
}

std::string rewritten(std::string_view section) {
  mail::HeaderEdits edits;
  replace_foreign_senders(find_foreign_senders(section, owns), section,
                          smtp::parse_mailbox("ann@x.example").value(), edits);
  return edits.apply(section);
}

TEST(HeaderSenders, RewritingPutsTheOwnAddressAndKeepsTheOriginal) {
  EXPECT_EQ(rewritten("Subject: x\r\nFrom: Eve\r\n <eve@x.example>\r\nTo: b@x.example\r\n\r\n"),
            "Subject: x\r\nFrom: ann@x.example\r\nTo: b@x.example\r\n"
            "X-Original-From: Eve <eve@x.example>\r\n");
  EXPECT_EQ(rewritten("Subject: x\r\n\r\n"), "Subject: x\r\nFrom: ann@x.example\r\n");
  EXPECT_EQ(rewritten("From: ann@x.example\r\nSender: eve@x.example\r\n\r\n"),
            "From: ann@x.example\r\nSender: ann@x.example\r\nX-Original-Sender: eve@x.example\r\n");
  EXPECT_EQ(rewritten("From: ann@x.example, b@ann.example\r\n\r\n"),
            "From: ann@x.example, b@ann.example\r\nSender: ann@x.example\r\n");
}

TEST(HeaderSenders, RewritingLeavesOneFromOfSeveral) {
  EXPECT_EQ(rewritten("From: eve@x.example\r\nFrom: ann@x.example\r\n\r\n"),
            "From: ann@x.example\r\nX-Original-From: eve@x.example\r\n"
            "X-Original-From: ann@x.example\r\n");
}

TEST(HeaderSenders, RewritingTakesOutAnOriginalThatTheMessageBroughtAlong) {
  EXPECT_EQ(rewritten("X-Original-From: fake@x.example\r\nFrom: eve@x.example\r\n\r\n"),
            "From: ann@x.example\r\nX-Original-From: eve@x.example\r\n");
}

}  // namespace
}  // namespace sekisho::sender
