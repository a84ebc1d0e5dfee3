#include "gateway/smtp/sasl.h"

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

namespace sekisho::smtp {
namespace {

using namespace std::literals;
using Challenge = SaslExchange::Challenge;

// "challenge TEXT", "credentials USER AUTHZID PASSWORD" or the reply's summary without its text.
std::string describe(const SaslExchange::Step& step) {
  if (const auto* challenge = std::get_if<Challenge>(&step)) return "challenge " + challenge->text;
  if (const auto* c = std::get_if<Credentials>(&step)) {
    return "credentials " + c->user + '|' + c->authorize_as + '|' +
           std::string(c->password.reveal());
  }
  const auto& reply = std::get<Reply>(step);
  return std::to_string(reply.code) + ' ' + reply.enhanced.value().to_string();
}

std::string plain(std::string_view response) {
  return describe(SaslExchange::start("PLAIN")->step(response));
}

std::string login(std::string_view user, std::string_view password) {
  const auto exchange = SaslExchange::start("LOGIN");
  exchange->step(std::nullopt);
  exchange->step(user);
  return describe(exchange->step(password));
}

TEST(Sasl, KnowsPlainAndLoginAndNothingElse) {
  for (const auto name : SaslExchange::mechanisms()) EXPECT_TRUE(SaslExchange::start(name));
  EXPECT_EQ(SaslExchange::mechanisms(), (std::vector{"PLAIN"sv, "LOGIN"sv}));
  for (const auto name : {""sv, "CRAM-MD5"sv, "ANONYMOUS"sv, "PLAINX"sv, "EXTERNAL"sv}) {
    EXPECT_FALSE(SaslExchange::start(name)) << name;
  }
}

TEST(SaslPlain, AsksWithAnEmptyChallengeWhenNoResponseCame) {
  const auto exchange = SaslExchange::start("PLAIN");
  EXPECT_EQ(describe(exchange->step(std::nullopt)), "challenge ");
  EXPECT_EQ(describe(exchange->step("\0u\0p"sv)), "credentials u||p");
}

TEST(SaslPlain, ReadsTheThreeParts) {
  EXPECT_EQ(plain("\0user@x\0pass word"sv), "credentials user@x||pass word");
  EXPECT_EQ(plain("u\0u\0p"sv), "credentials u|u|p");
  EXPECT_EQ(plain("\0\xc3\xbc\0\xff\x01"sv), "credentials \xc3\xbc||\xff\x01");
}

TEST(SaslPlain, RefusesToActForAnotherIdentity) {
  EXPECT_EQ(plain("admin\0u\0p"sv), "535 5.7.8");
  EXPECT_EQ(plain("U\0u\0p"sv), "535 5.7.8");
}

TEST(SaslPlain, RefusesMalformedResponses) {
  for (const auto response : {""sv, "u"sv, "u\0p"sv, "\0u\0p\0"sv, "\0u\0p\0x"sv, "a\0b\0c\0d"sv}) {
    EXPECT_EQ(plain(response), "501 5.5.2") << testing::PrintToString(std::string(response));
  }
}

TEST(SaslPlain, RefusesUsersAndPasswordsThatCannotBe) {
  EXPECT_EQ(plain("\0\0p"sv), "535 5.7.8");
  EXPECT_EQ(plain("\0u\0"sv), "535 5.7.8");
  EXPECT_EQ(plain("\0u\r\nx\0p"sv), "535 5.7.8");
  EXPECT_EQ(plain("\0u\x7f\0p"sv), "535 5.7.8");
}

TEST(SaslPlain, BoundsTheLengths) {
  const auto response = [](std::size_t user, std::size_t password) {
    return "\0"s + std::string(user, 'u') + "\0"s + std::string(password, 'p');
  };
  EXPECT_TRUE(plain(response(255, 1024)).starts_with("credentials"));
  EXPECT_EQ(plain(response(256, 1)), "535 5.7.8");
  EXPECT_EQ(plain(response(1, 1025)), "535 5.7.8");
}

TEST(SaslLogin, AsksForNameAndPasswordInTheWordsClientsMatchOn) {
  const auto exchange = SaslExchange::start("LOGIN");
  EXPECT_EQ(describe(exchange->step(std::nullopt)), "challenge Username:");
  EXPECT_EQ(describe(exchange->step("user@x"sv)), "challenge Password:");
  EXPECT_EQ(describe(exchange->step("secret"sv)), "credentials user@x||secret");
}

TEST(SaslLogin, TakesTheNameAsInitialResponse) {
  const auto exchange = SaslExchange::start("LOGIN");
  EXPECT_EQ(describe(exchange->step("user"sv)), "challenge Password:");
  EXPECT_EQ(describe(exchange->step("secret"sv)), "credentials user||secret");
}

TEST(SaslLogin, TreatsAnEmptyInitialResponseAsNone) {
  const auto exchange = SaslExchange::start("LOGIN");
  EXPECT_EQ(describe(exchange->step(""sv)), "challenge Username:");
  EXPECT_EQ(describe(exchange->step("user"sv)), "challenge Password:");
}

TEST(SaslLogin, RefusesUsersAndPasswordsThatCannotBe) {
  EXPECT_EQ(login("", "p"), "535 5.7.8");
  EXPECT_EQ(login("u", ""), "535 5.7.8");
  EXPECT_EQ(login("u\0x"sv, "p"), "535 5.7.8");
  EXPECT_EQ(login("u", "p\0x"sv), "535 5.7.8");
  EXPECT_EQ(login(std::string(256, 'u'), "p"), "535 5.7.8");
  EXPECT_EQ(login("u", "p\nq"), "credentials u||p\nq");
}

}  // namespace
}  // namespace sekisho::smtp
