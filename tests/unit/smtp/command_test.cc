#include "gateway/smtp/command.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace sekisho::smtp {
namespace {

using namespace std::literals;

struct Split {
  std::string_view line;
  Verb verb;
  std::string_view argument;
};

TEST(Command, SplitsVerbAndArgument) {
  const std::vector<Split> cases{
      {"EHLO mail.example.com", Verb::ehlo, "mail.example.com"},
      {"helo x", Verb::helo, "x"},
      {"MAIL FROM:<a@b>", Verb::mail, "FROM:<a@b>"},
      {"mAiL  From:<a@b>  ", Verb::mail, "From:<a@b>"},
      {"RCPT\tTO:<a@b>", Verb::rcpt, "TO:<a@b>"},
      {"DATA", Verb::data, ""},
      {"DATA ", Verb::data, ""},
      {"RSET", Verb::rset, ""},
      {"NOOP anything at all", Verb::noop, "anything at all"},
      {"VRFY a", Verb::vrfy, "a"},
      {"EXPN a", Verb::expn, "a"},
      {"HELP", Verb::help, ""},
      {"quit", Verb::quit, ""},
      {"AUTH PLAIN AGEAYg==", Verb::auth, "PLAIN AGEAYg=="},
      {"StartTLS", Verb::starttls, ""},
      {"", Verb::unknown, ""},
      {"   ", Verb::unknown, ""},
      {" QUIT", Verb::unknown, "QUIT"},
      {"QUITX", Verb::unknown, ""},
      {"QUI", Verb::unknown, ""},
      {"MAILFROM:<a@b>", Verb::unknown, ""},
      {"DATA\x01", Verb::unknown, ""},
      {"bdat 5 LAST", Verb::bdat, "5 LAST"},
      {"GET / HTTP/1.1", Verb::unknown, "/ HTTP/1.1"},
      {"unknown", Verb::unknown, ""},
  };
  for (const auto& c : cases) {
    const auto command = parse_command(c.line);
    EXPECT_EQ(command.verb, c.verb) << c.line;
    EXPECT_EQ(command.argument, c.argument) << c.line;
  }
}

TEST(Command, EveryVerbIsReadBackFromItsName) {
  for (const auto verb :
       {Verb::ehlo, Verb::helo, Verb::mail, Verb::rcpt, Verb::data, Verb::bdat, Verb::rset,
        Verb::noop, Verb::vrfy, Verb::expn, Verb::help, Verb::quit, Verb::auth, Verb::starttls}) {
    EXPECT_EQ(parse_command(to_string(verb)).verb, verb);
  }
  EXPECT_EQ(to_string(Verb::unknown), "unknown");
}

TEST(Command, FourVerbsTakeNoArgument) {
  for (const auto line : {"DATA x"sv, "RSET x"sv, "QUIT now"sv, "STARTTLS x"sv}) {
    const auto reply = refuse_argument(parse_command(line));
    ASSERT_TRUE(reply) << line;
    EXPECT_EQ(reply->code, 501);
    EXPECT_EQ(reply->enhanced->to_string(), "5.5.4");
  }
  for (const auto line : {"DATA"sv, "RSET "sv, "QUIT"sv, "STARTTLS"sv, "NOOP x"sv, "HELP x"sv,
                          "EHLO x"sv, "FOO x"sv}) {
    EXPECT_FALSE(refuse_argument(parse_command(line))) << line;
  }
}

TEST(MailCommand, ReadsSenderAndParameters) {
  const auto command =
      parse_mail("from: <User@Example.COM>  size=12345 Body=8bitmime AUTH=u+40x+2By");
  ASSERT_TRUE(command) << command.error().summary();
  EXPECT_EQ(command->sender->to_string(), "User@example.com");
  EXPECT_EQ(command->parameters.size, 12345U);
  EXPECT_EQ(command->parameters.body, Body::eight_bit_mime);
  EXPECT_EQ(command->parameters.auth, "u@x+y");
}

TEST(MailCommand, HasDefaultsWithoutParameters) {
  const auto command = parse_mail("FROM:<>");
  ASSERT_TRUE(command);
  EXPECT_FALSE(command->sender);
  EXPECT_FALSE(command->parameters.size);
  EXPECT_EQ(command->parameters.body, Body::seven_bit);
  EXPECT_FALSE(command->parameters.auth);
}

TEST(MailCommand, TakesEachFormOfAParameter) {
  EXPECT_EQ(parse_mail("FROM:<a@b> SIZE=0")->parameters.size, 0U);
  EXPECT_EQ(parse_mail("FROM:<a@b> SIZE=00000000000000000001")->parameters.size, 1U);
  EXPECT_EQ(parse_mail("FROM:<a@b> SIZE=18446744073709551615")->parameters.size, UINT64_MAX);
  EXPECT_EQ(parse_mail("FROM:<a@b> SIZE=99999999999999999999")->parameters.size, UINT64_MAX);
  EXPECT_EQ(parse_mail("FROM:<a@b> body=binarymime")->parameters.body, Body::binary_mime);
  EXPECT_EQ(parse_mail("FROM:<a@b> BODY=7BIT")->parameters.body, Body::seven_bit);
  EXPECT_EQ(parse_mail("FROM:<a@b> AUTH=<>")->parameters.auth, "<>");
}

struct Refusal {
  std::string text;
  int code;
  std::string_view enhanced;
};

TEST(MailCommand, RefusesWithTheRightCode) {
  const std::vector<Refusal> cases{
      {"", 501, "5.5.4"},
      {"<a@b>", 501, "5.5.4"},
      {"FRM:<a@b>", 501, "5.5.4"},
      {"FROM <a@b>", 501, "5.5.4"},
      {"FROM :<a@b>", 501, "5.5.4"},
      {"TO:<a@b>", 501, "5.5.4"},
      {"FROM:", 501, "5.1.7"},
      {"FROM:a@b", 501, "5.1.7"},
      {"FROM:<a@b@c>", 501, "5.1.7"},
      {"FROM:<a@b.>", 501, "5.1.7"},
      {"FROM:<a>", 501, "5.1.7"},
      {"FROM:<a@b>SIZE=1", 501, "5.1.7"},
      {"FROM:<\xc3\xa4@b>", 501, "5.1.7"},
      {"FROM:<a@b> FOO", 555, "5.5.4"},
      {"FROM:<a@b> FOO=bar", 555, "5.5.4"},
      {"FROM:<a@b> SMTPUTF8=1", 501, "5.5.4"},
      {"FROM:<\xc3\xa4@b> SMTPUTF8=1 SMTPUTF8", 501, "5.1.7"},
      {"FROM:<\xc3@b> SMTPUTF8", 501, "5.1.7"},
      {"FROM:<a@b> REQUIRETLS=yes", 501, "5.5.4"},
      {"FROM:<a@b> RET=BODY", 501, "5.5.4"},
      {"FROM:<a@b> RET", 501, "5.5.4"},
      {"FROM:<a@b> ENVID", 501, "5.5.4"},
      {"FROM:<a@b> ENVID=a+4", 501, "5.5.4"},
      {"FROM:<a@b> ENVID=a+0Db", 501, "5.5.4"},
      {"FROM:<a@b> ENVID=" + std::string(101, 'x'), 501, "5.5.4"},
      {"FROM:<a@b> NOTIFY=NEVER", 555, "5.5.4"},
      {"FROM:<a@b> SIZE=1 X-Y=1", 555, "5.5.4"},
      {"FROM:<a@b> SIZE", 501, "5.5.4"},
      {"FROM:<a@b> SIZE=", 501, "5.5.4"},
      {"FROM:<a@b> SIZE=x", 501, "5.5.4"},
      {"FROM:<a@b> SIZE=-1", 501, "5.5.4"},
      {"FROM:<a@b> SIZE=+1", 501, "5.5.4"},
      {"FROM:<a@b> SIZE=1k", 501, "5.5.4"},
      {"FROM:<a@b> SIZE=0x10", 501, "5.5.4"},
      {"FROM:<a@b> SIZE=000000000000000000001", 501, "5.5.4"},
      {"FROM:<a@b> SIZE=1 SIZE=1", 501, "5.5.4"},
      {"FROM:<a@b> SIZE=1 size=2", 501, "5.5.4"},
      {"FROM:<a@b> FOO FOO", 501, "5.5.4"},
      {"FROM:<a@b> BODY=BINARY", 501, "5.5.4"},
      {"FROM:<a@b> BODY=9BIT", 501, "5.5.4"},
      {"FROM:<a@b> BODY", 501, "5.5.4"},
      {"FROM:<a@b> BODY=", 501, "5.5.4"},
      {"FROM:<a@b> AUTH", 501, "5.5.4"},
      {"FROM:<a@b> AUTH=", 501, "5.5.4"},
      {"FROM:<a@b> AUTH=a+4", 501, "5.5.4"},
      {"FROM:<a@b> AUTH=a+4g", 501, "5.5.4"},
      {"FROM:<a@b> AUTH=a+0D+0A", 501, "5.5.4"},
      {"FROM:<a@b> AUTH=a+00", 501, "5.5.4"},
      {"FROM:<a@b> =1", 501, "5.5.4"},
      {"FROM:<a@b> -X=1", 501, "5.5.4"},
      {"FROM:<a@b> X_Y=1", 501, "5.5.4"},
      {"FROM:<a@b> SIZE=1=2", 501, "5.5.4"},
      {"FROM:<a@b> SIZE= 1", 501, "5.5.4"},
      {"FROM:<a@b> <c@d>", 501, "5.5.4"},
      {"FROM:<a@b> SIZE=1\x01", 501, "5.5.4"},
      {"FROM:<a@b> FOO=\xc3\xa4", 501, "5.5.4"},
  };
  for (const auto& c : cases) {
    const auto command = parse_mail(c.text);
    ASSERT_FALSE(command) << c.text;
    EXPECT_EQ(command.error().code, c.code) << c.text;
    EXPECT_EQ(command.error().enhanced->to_string(), c.enhanced) << c.text;
  }
}

TEST(RcptCommand, ReadsTheRecipient) {
  const auto command = parse_rcpt("to: <@relay.example:User@B>");
  ASSERT_TRUE(command);
  EXPECT_EQ(command->recipient.to_string(), "User@b");
  EXPECT_TRUE(command->source_route);
  EXPECT_FALSE(parse_rcpt("TO:<a@b>")->source_route);
  EXPECT_EQ(parse_rcpt("TO:<postmaster>")->recipient.domain, "");
}

TEST(MailCommand, ReadsTheParametersOfDsnAndSmtputf8) {
  const auto command = parse_mail("FROM:<\xc3\xa4@b> ret=hdrs ENVID=QQ+2B314 smtputf8 REQUIRETLS");
  ASSERT_TRUE(command) << command.error().summary();
  EXPECT_EQ(command->sender->local, "\xc3\xa4");
  EXPECT_TRUE(command->sender->is_internationalized());
  EXPECT_TRUE(command->parameters.smtp_utf8);
  EXPECT_TRUE(command->parameters.require_tls);
  EXPECT_EQ(command->parameters.dsn_return, DsnReturn::headers);
  EXPECT_EQ(command->parameters.dsn_id, "QQ+2B314");
}

TEST(RcptCommand, ReadsTheParametersOfDsn) {
  const auto command = parse_rcpt("TO:<a@b> NOTIFY=success,delay ORCPT=rfc822;Bob+2Bx@example.com");
  ASSERT_TRUE(command) << command.error().summary();
  EXPECT_EQ(command->parameters.notify, "SUCCESS,DELAY");
  EXPECT_EQ(command->parameters.original_recipient, "rfc822;Bob+2Bx@example.com");
}

TEST(RcptCommand, TakesAUtf8AddressOnlyAfterSmtputf8) {
  EXPECT_FALSE(parse_rcpt("TO:<\xc3\xa4@b>"));
  EXPECT_TRUE(parse_rcpt("TO:<\xc3\xa4@\xc3\xa4.b>", true));
}

TEST(RcptCommand, RefusesWithTheRightCode) {
  const std::vector<Refusal> cases{
      {"", 501, "5.5.4"},
      {"FROM:<a@b>", 501, "5.5.4"},
      {"TO<a@b>", 501, "5.5.4"},
      {"TO:", 501, "5.1.3"},
      {"TO:<>", 501, "5.1.3"},
      {"TO:a@b", 501, "5.1.3"},
      {"TO:<a@b@c>", 501, "5.1.3"},
      {"TO:<\"a\0b\"@c>"s, 501, "5.1.3"},
      {"TO:<a@[x:y]>", 501, "5.1.3"},
      {"TO:<a@b>,<c@d>", 501, "5.1.3"},
      {"TO:<\xc3\xa4@b>", 501, "5.1.3"},
      {"TO:<a@b> SMTPUTF8", 555, "5.5.4"},
      {"TO:<a@b> NOTIFY=SOMETIMES", 501, "5.5.4"},
      {"TO:<a@b> NOTIFY=NEVER,SUCCESS", 501, "5.5.4"},
      {"TO:<a@b> NOTIFY=SUCCESS,", 501, "5.5.4"},
      {"TO:<a@b> NOTIFY=SUCCESS,SUCCESS", 501, "5.5.4"},
      {"TO:<a@b> NOTIFY=NEVER NOTIFY=NEVER", 501, "5.5.4"},
      {"TO:<a@b> ORCPT=bob@example.com", 501, "5.5.4"},
      {"TO:<a@b> ORCPT=;bob", 501, "5.5.4"},
      {"TO:<a@b> ORCPT=rfc822;", 501, "5.5.4"},
      {"TO:<a@b> ORCPT=rfc822;b+0Ab", 501, "5.5.4"},
      {"TO:<a@b> ORCPT=rf c;b", 501, "5.5.4"},
      {"TO:<a@b> ORCPT=rfc822;" + std::string(500, 'x'), 501, "5.5.4"},
      {"TO:<a@b> SIZE=1", 555, "5.5.4"},
      {"TO:<a@b> <c@d>", 501, "5.5.4"},
      {"TO:<a@b> NOTIFY=", 501, "5.5.4"},
  };
  for (const auto& c : cases) {
    const auto command = parse_rcpt(c.text);
    ASSERT_FALSE(command) << c.text;
    EXPECT_EQ(command.error().code, c.code) << c.text;
    EXPECT_EQ(command.error().enhanced->to_string(), c.enhanced) << c.text;
  }
}

TEST(AuthCommand, ReadsMechanismAndInitialResponse) {
  const auto alone = parse_auth("plain");
  ASSERT_TRUE(alone);
  EXPECT_EQ(alone->mechanism, "PLAIN");
  EXPECT_FALSE(alone->initial_response);
  EXPECT_EQ(parse_auth("PLAIN AGEAYg==")->initial_response, "\0a\0b"s);
  EXPECT_EQ(parse_auth("PLAIN =")->initial_response, "");
  EXPECT_EQ(parse_auth("SCRAM-SHA-256")->mechanism, "SCRAM-SHA-256");
}

TEST(AuthCommand, RefusesWithTheRightCode) {
  const std::vector<Refusal> cases{
      {"", 501, "5.5.4"},
      {"PLAIN a b", 501, "5.5.4"},
      {"PLAIN!", 501, "5.5.4"},
      {"ABCDEFGHIJKLMNOPQRSTU", 501, "5.5.4"},
      {"PLAIN *", 501, "5.5.2"},
      {"PLAIN AGEAYg", 501, "5.5.2"},
      {"PLAIN AGEAYg=", 501, "5.5.2"},
      {"PLAIN ==", 501, "5.5.2"},
      {"PLAIN AGE\xc3", 501, "5.5.2"},
  };
  for (const auto& c : cases) {
    const auto command = parse_auth(c.text);
    ASSERT_FALSE(command) << c.text;
    EXPECT_EQ(command.error().code, c.code) << c.text;
    EXPECT_EQ(command.error().enhanced->to_string(), c.enhanced) << c.text;
  }
}

}  // namespace
}  // namespace sekisho::smtp
