// SCRAM secrets, and what a users file keeps of a password; the keys are those of RFC 7677
// section 3.
#include "gateway/auth/scram_secret.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/auth/saslprep.h"
#include "gateway/auth/user_secret.h"
#include "tests/unit/auth/cheap_hash.h"

namespace sekisho::auth {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const std::string kPencil =
    "{SCRAM-SHA-256}4096,W22ZaJ0SNY7soEsUEjb6gQ==,WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,"
    "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

TEST(ScramSecret, KnowsThePasswordOfTheExampleInRfc7677) {
  const auto secret = parse_scram_secret(kPencil);
  ASSERT_TRUE(secret) << secret.error().text;
  EXPECT_TRUE(verify_password(Secret("pencil"), *secret));
  EXPECT_FALSE(verify_password(Secret("Pencil"), *secret));
  EXPECT_FALSE(verify_password(Secret(""), *secret));
  EXPECT_EQ(to_text(*secret), kPencil);
}

TEST(ScramSecret, IsMadeWithASaltOfItsOwn) {
  const auto one = make_scram_secret(Secret("wonderland"), 4096).value();
  const auto two = make_scram_secret(Secret("wonderland"), 4096).value();
  EXPECT_NE(one.salt, two.salt);
  EXPECT_NE(one.stored_key, two.stored_key);
  EXPECT_TRUE(verify_password(Secret("wonderland"), one));
  EXPECT_EQ(parse_scram_secret(to_text(one)).value(), one);
}

TEST(ScramSecret, IsRefusedWhereItIsBrokenOrCheapOrDear) {
  for (const char* text : {
           "",
           "{SCRAM-SHA-1}4096,W22Z,WG5d,wfPL",
           "{SCRAM-SHA-256}",
           "{SCRAM-SHA-256}4096,W22Z",
           "{SCRAM-SHA-256}4096,,"
           "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,"
           "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
           "{SCRAM-SHA-256}4096,W22Z,WG5d,wfPL",
           "{SCRAM-SHA-256}4095,W22ZaJ0SNY7soEsUEjb6gQ==,"
           "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,"
           "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
           "{SCRAM-SHA-256}2000001,W22ZaJ0SNY7soEsUEjb6gQ==,"
           "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,"
           "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
       })
    EXPECT_FALSE(parse_scram_secret(text)) << text;
}

TEST(Saslprep, WritesOneNameInOneWay) {
  EXPECT_EQ(saslprep("user").value(), "user");
  EXPECT_EQ(saslprep("I\u00adX").value(), "IX");  // RFC 4013 section 3
  EXPECT_EQ(saslprep("\u00aa").value(), "a");
  EXPECT_EQ(saslprep("\u2168").value(), "IX");
  EXPECT_EQ(saslprep("e\u0301").value(), "\u00e9");
  EXPECT_FALSE(saslprep("\x07"));
  EXPECT_FALSE(
      saslprep("\u0627"
               "1"));  // ends in another direction than it begins
  EXPECT_FALSE(saslprep("\xff"));
  EXPECT_FALSE(saslprep(std::string("a\0b", 3)));
  EXPECT_FALSE(saslprep("\u00ad"));
  EXPECT_FALSE(saslprep(""));
}

TEST(ScramSecret, TakesAPasswordHoweverItsAccentsAreComposed) {
  const auto secret = make_scram_secret(Secret("caf\u00e9"), 4096).value();
  EXPECT_TRUE(verify_password(Secret("cafe\u0301"), secret));
  const auto bytes = make_scram_secret(Secret("caf\xe9"), 4096).value();  // Latin-1
  EXPECT_TRUE(verify_password(Secret("caf\xe9"), bytes));
}

TEST(UserSecret, IsAHashOrAScramSecretOrBoth) {
  const std::string hash = test::cheap_hash("pencil");
  EXPECT_EQ(kinds_of(hash), SecretKinds::hash);
  EXPECT_EQ(kinds_of(kPencil), SecretKinds::scram);
  EXPECT_EQ(kinds_of(hash + ":" + kPencil), SecretKinds::both);
  EXPECT_EQ(kinds_of("!" + kPencil), SecretKinds::scram);
  EXPECT_EQ(kinds_of("!"), SecretKinds::hash);
  EXPECT_EQ(describe_user_secret(hash + ":" + kPencil), "sha256, scram");
  EXPECT_EQ(describe_user_secret(kPencil), "scram");
  EXPECT_EQ(describe_user_secret("!" + kPencil), "locked");
  for (const std::string& secret : {hash, kPencil, hash + ":" + kPencil, kPencil + ":" + hash}) {
    EXPECT_TRUE(verify_user_secret(Secret("pencil"), secret)) << secret;
    EXPECT_FALSE(verify_user_secret(Secret("pencils"), secret)) << secret;
    EXPECT_FALSE(verify_user_secret(Secret(""), secret)) << secret;
  }
  for (const std::string& broken :
       {std::string(), hash + ":", ":" + kPencil, hash + ":" + hash, kPencil + ":" + kPencil,
        std::string("plain"), kPencil + ":x", std::string("{SCRAM-SHA-256}")}) {
    EXPECT_FALSE(parse_user_secret(broken)) << broken;
    EXPECT_FALSE(verify_user_secret(Secret("pencil"), broken)) << broken;
  }
}

TEST(UserSecret, IsMadeOfTheKindsThatAreWanted) {
  EXPECT_THAT(make_user_secret(Secret("x"), SecretKinds::hash).value(), StartsWith("$y$"));
  EXPECT_THAT(make_user_secret(Secret("x"), SecretKinds::scram).value(),
              StartsWith("{SCRAM-SHA-256}100000,"));
  const std::string both = make_user_secret(Secret("x"), SecretKinds::both).value();
  EXPECT_THAT(both, HasSubstr(":{SCRAM-SHA-256}100000,"));
  EXPECT_EQ(describe_user_secret(both), "yescrypt, scram");
}

}  // namespace
}  // namespace sekisho::auth
