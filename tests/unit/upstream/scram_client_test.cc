// SCRAM-SHA-256 as a client, against the example of RFC 7677 and against servers that cheat.
#include "gateway/upstream/scram_client.h"

#include <gtest/gtest.h>

#include "gateway/base/text.h"

namespace sekisho::upstream {
namespace {

constexpr std::string_view kNonce = "rOprNGfwEbeRWgbNEkqO";
constexpr std::string_view kServerFirst =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
constexpr std::string_view kServerFinal = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

ScramClient client(std::string_view user = "user") {
  return {user, Secret("pencil"), std::string(kNonce)};
}

TEST(ScramClient, SpeaksAsInTheExampleOfRfc7677) {
  ScramClient scram = client();
  EXPECT_EQ(scram.initial_response()->reveal(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
  const auto last = scram.answer(kServerFirst);
  ASSERT_TRUE(last) << last.error().text;
  EXPECT_EQ(last->reveal(),
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
            "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  EXPECT_FALSE(scram.believes_success());
  const auto end = scram.answer(kServerFinal);
  ASSERT_TRUE(end) << end.error().text;
  EXPECT_TRUE(end->empty());
  EXPECT_TRUE(scram.believes_success());
  EXPECT_FALSE(scram.answer(kServerFinal));
  EXPECT_FALSE(scram.believes_success());
}

std::string bound_by(ScramBinding binding, std::string_view channel) {
  ScramClient scram("user", Secret("pencil"), std::string(kNonce), binding, channel);
  const std::string first(scram.initial_response()->reveal());
  EXPECT_TRUE(first.ends_with("n=user,r=rOprNGfwEbeRWgbNEkqO")) << first;
  const auto last = scram.answer(kServerFirst);
  EXPECT_TRUE(last);
  const std::string_view text = last->reveal();
  const auto bound = base64_decode(text.substr(2, text.find(',') - 2));
  EXPECT_TRUE(bound && bound->starts_with(first.substr(0, first.find(",,") + 2)));
  return bound.value_or("");
}

TEST(ScramClient, SaysWhatItKnowsOfChannelBinding) {
  EXPECT_EQ(bound_by(ScramBinding::none, "channel"), "n,,");
  EXPECT_EQ(bound_by(ScramBinding::not_offered, "channel"), "y,,");
  EXPECT_EQ(bound_by(ScramBinding::tls_exporter, "channel"), "p=tls-exporter,,channel");
}

TEST(SaslClient, BindsToTheChannelWhereItCan) {
  const std::vector<std::string> both{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"};
  const std::vector<std::string> one{"PLAIN", "SCRAM-SHA-256"};
  using enum LoginMechanism;
  EXPECT_EQ(SaslClient::choose(strongest, both, "channel"), "SCRAM-SHA-256-PLUS");
  EXPECT_EQ(SaslClient::choose(strongest, both, ""), "SCRAM-SHA-256");
  EXPECT_EQ(SaslClient::choose(strongest, one, "channel"), "SCRAM-SHA-256");
  EXPECT_EQ(SaslClient::choose(scram_sha_256_plus, both, "channel"), "SCRAM-SHA-256-PLUS");
  EXPECT_EQ(SaslClient::choose(scram_sha_256_plus, both, ""), std::nullopt);
  EXPECT_EQ(SaslClient::choose(scram_sha_256_plus, one, "channel"), std::nullopt);
  const auto first = [](std::string_view mechanism, const std::vector<std::string>& offered,
                        std::string_view channel) {
    const auto client = SaslClient::start(mechanism, "user", Secret("x"), offered, channel);
    return std::string(client->initial_response()->reveal().substr(0, 3));
  };
  EXPECT_EQ(first("SCRAM-SHA-256-PLUS", both, "channel"), "p=t");
  EXPECT_EQ(first("SCRAM-SHA-256", one, "channel"), "y,,");
  EXPECT_EQ(first("SCRAM-SHA-256", both, "channel"), "n,,");  // it was our own choice
  EXPECT_EQ(first("SCRAM-SHA-256", one, ""), "n,,");
}

TEST(ScramClient, DoesNotBelieveAServerWithAnotherSignature) {
  ScramClient scram = client();
  ASSERT_TRUE(scram.answer(kServerFirst));
  EXPECT_FALSE(scram.answer("v=AAAATRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
  EXPECT_FALSE(scram.believes_success());
}

TEST(ScramClient, SaysWhatTheServerHasAgainstIt) {
  ScramClient scram = client();
  ASSERT_TRUE(scram.answer(kServerFirst));
  const auto end = scram.answer("e=invalid-proof");
  ASSERT_FALSE(end);
  EXPECT_NE(end.error().text.find("invalid-proof"), std::string::npos);
}

TEST(ScramClient, TakesNoFirstMessageThatIsWrongOrTooCheapOrTooDear) {
  for (const std::string_view first : {
           "",
           "x",
           "r=",
           "s=W22Z,i=4096",
           "r=rOprNGfwEbeRWgbNEkqO,s=W22Z,i=4096",
           "r=another%hvYDpWUa2Ra,s=W22Z,i=4096",
           "r=rOprNGfwEbeRWgbNEkqOxx,s=,i=4096",
           "r=rOprNGfwEbeRWgbNEkqOxx,s=W2*Z,i=4096",
           "r=rOprNGfwEbeRWgbNEkqOxx,s=W22Z,i=",
           "r=rOprNGfwEbeRWgbNEkqOxx,s=W22Z,i=4095",
           "r=rOprNGfwEbeRWgbNEkqOxx,s=W22Z,i=99999999999999999999",
           "r=rOprNGfwEbeRWgbNEkqOxx,s=W22Z,i=2000001",
           "m=ext,r=rOprNGfwEbeRWgbNEkqOxx,s=W22Z,i=4096",
       })
    EXPECT_FALSE(client().answer(first)) << first;
}

TEST(ScramClient, EscapesCommaAndEqualsInAName) {
  EXPECT_EQ(client("a=b,c").initial_response()->reveal(), "n,,n=a=3Db=2Cc,r=rOprNGfwEbeRWgbNEkqO");
}

TEST(ScramClient, NeverUsesANonceTwice) {
  EXPECT_NE(ScramClient::nonce(), ScramClient::nonce());
  EXPECT_EQ(ScramClient::nonce().size(), 24U);
}

}  // namespace
}  // namespace sekisho::upstream
