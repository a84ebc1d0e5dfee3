#include "gateway/cli/message_file.h"

#include <gtest/gtest.h>

namespace sekisho::cli {
namespace {

TEST(MessageFile, HasTheLineEndsOfTheWire) {
  EXPECT_EQ(*message_of("A: b\n\nx\r\ny"), "A: b\r\n\r\nx\r\ny\r\n");
  EXPECT_EQ(*message_of("A: b\r\n\r\n"), "A: b\r\n\r\n");
  EXPECT_EQ(*message_of("A: b"), "A: b\r\n");
  EXPECT_EQ(*message_of(""), "");
}

TEST(MessageFile, BeginsItsBodyWhereTheGatewayDoes) {
  EXPECT_EQ(*message_of("A: b\nno field\nC: d\n\nx\n"),
            "A: b\r\n\r\nno field\r\nC: d\r\n\r\nx\r\n");
  EXPECT_EQ(*message_of("no field\n"), "\r\nno field\r\n");
  EXPECT_EQ(*message_of("From a@b Mon\nA: b\n\n"), "X-Mailbox-Line: From a@b Mon\r\nA: b\r\n\r\n");
}

TEST(MessageFile, IsNoneWithWhatNoMessageBySmtpHas) {
  EXPECT_FALSE(message_of("A: b\rc\n\n"));
  EXPECT_FALSE(message_of("A: b\r"));
  EXPECT_FALSE(message_of(std::string_view("A: b\0\n\n", 8)));
}

}  // namespace
}  // namespace sekisho::cli
