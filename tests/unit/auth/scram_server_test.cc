// SCRAM as the server, against the client of libgsasl and against clients that cheat.
#include "gateway/auth/scram_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/base/text.h"
#include "tests/unit/auth/gsasl_client.h"

namespace sekisho::auth {
namespace {

using Outcome = ScramServer::Outcome;
using test::GsaslClient;
using testing::HasSubstr;
using testing::StartsWith;

const ScramSecret kPencil = make_scram_secret(Secret("pencil"), 4096).value();
const std::string kBinding(32, 'b');

ScramServer::Lookup lookup() {
  return [](const std::string&) { return kPencil; };
}
ScramServer server(bool plus = false, std::string binding = {}) {
  return ScramServer({.plus = plus, .channel_binding = std::move(binding)}, lookup());
}

ScramServer::Step converse(ScramServer& server, GsaslClient& client) {
  auto step = server.step(client.step(""));
  if (step.outcome != Outcome::more) return step;
  return server.step(client.step(step.text));
}

TEST(ScramServer, ProvesARightPasswordToBothSides) {
  ScramServer scram = server();
  GsaslClient client("SCRAM-SHA-256", "user", "pencil");
  const auto end = converse(scram, client);
  ASSERT_EQ(end.outcome, Outcome::proven) << end.text;
  EXPECT_EQ(scram.name(), "user");
  EXPECT_EQ(scram.authorize_as(), "");
  EXPECT_THAT(end.text, StartsWith("v="));
  (void)client.step(end.text);
  EXPECT_TRUE(client.believes());
}

TEST(ScramServer, RefusesAWrongPassword) {
  ScramServer scram = server();
  GsaslClient client("SCRAM-SHA-256", "user", "pencils");
  EXPECT_EQ(converse(scram, client).outcome, Outcome::wrong);
}

TEST(ScramServer, UnescapesNames) {
  ScramServer scram = server();
  GsaslClient client("SCRAM-SHA-256", "a=b,c", "pencil", {}, "d,e");
  EXPECT_EQ(converse(scram, client).outcome, Outcome::proven);
  EXPECT_EQ(scram.name(), "a=b,c");
  EXPECT_EQ(scram.authorize_as(), "d,e");
}

TEST(ScramServer, BindsToTheChannel) {
  ScramServer scram = server(true, kBinding);
  GsaslClient client("SCRAM-SHA-256-PLUS", "user", "pencil", base64_encode(kBinding));
  EXPECT_EQ(converse(scram, client).outcome, Outcome::proven);
}

// Somebody in the middle has a TLS connection to each side, and both differ.
TEST(ScramServer, RefusesTheBindingOfAnotherChannel) {
  ScramServer scram = server(true, kBinding);
  GsaslClient client("SCRAM-SHA-256-PLUS", "user", "pencil", base64_encode(std::string(32, 'c')));
  EXPECT_EQ(converse(scram, client).outcome, Outcome::wrong);
}

TEST(ScramServer, RefusesAClientThatWasNotToldOfPlus) {
  ScramServer scram = server(false, kBinding);
  const auto step = scram.step("y,,n=user,r=abcdefgh");
  EXPECT_EQ(step.outcome, Outcome::wrong);
  EXPECT_THAT(step.text, HasSubstr("between us"));
}

TEST(ScramServer, TakesAClientThatCouldBindWhereWeCouldNot) {
  EXPECT_EQ(server().step("y,,n=user,r=abcdefgh").outcome, Outcome::more);
}

TEST(ScramServer, TakesAClientThatCannotBindThoughWeCould) {
  EXPECT_EQ(server(false, kBinding).step("n,,n=user,r=abcdefgh").outcome, Outcome::more);
}

TEST(ScramServer, PlusMeansTlsExporterAndNothingElse) {
  for (const char* first :
       {"n,,n=user,r=abcdefgh", "y,,n=user,r=abcdefgh", "p=tls-unique,,n=user,r=abcdefgh",
        "p=tls-server-end-point,,n=user,r=abcdefgh", "p=tls-exporterr,,n=user,r=abcdefgh"})
    EXPECT_EQ(server(true, kBinding).step(first).outcome, Outcome::wrong) << first;
  EXPECT_EQ(server(false, kBinding).step("p=tls-exporter,,n=user,r=abcdefgh").outcome,
            Outcome::wrong);
}

TEST(ScramServer, TakesNoFirstMessageThatIsNone) {
  for (const std::string& first :
       {std::string(), std::string("n"), std::string("n,,"), std::string("n,,n=user"),
        std::string("n,,r=abcdefgh,n=user"), std::string("n,,n=us=3Xer,r=abcdefgh"),
        std::string("n,,n=user,r=abc\0defgh", 21), std::string("m,,n=user,r=abcdefgh"),
        std::string("n,,m=ext,n=user,r=abcdefgh"), "n,,n=" + std::string(5000, 'u') + ",r=abcdefgh",
        std::string("n,,n=,r=abcdefgh"), std::string("n,,n=user,r=abc\ndefgh"),
        std::string("n,,n=us\xffr,r=abcdefgh"), std::string("n,,n=user,r=abc\u00e9fgh"),
        std::string("n,,n=user,r=abc defgh")}) {
    const auto step = server().step(first);
    EXPECT_TRUE(step.outcome == Outcome::malformed || step.outcome == Outcome::wrong) << first;
  }
}

TEST(ScramServer, TakesNoFinalMessageThatIsNotAnAnswer) {
  for (const std::string& tail :
       {std::string(), std::string("x"), std::string("c=biws"), std::string("c=biws,r=%N"),
        std::string("c=biws,r=%N,p="), std::string("c=biws,r=%N,p=AAAA"),
        std::string("c=biws,r=other,p=") + base64_encode(std::string(32, 'x')),
        std::string("c=eSws,r=%N,p=") + base64_encode(std::string(32, 'x')),
        std::string("c=biws,r=%N,p=") + base64_encode(std::string(32, 'x'))}) {
    ScramServer scram = server();
    const auto first = scram.step("n,,n=user,r=abcdefgh");
    ASSERT_EQ(first.outcome, Outcome::more);
    std::string last = tail;
    if (const auto at = last.find("%N"); at != std::string::npos)
      last.replace(at, 2, first.text.substr(2, first.text.find(',') - 2));
    EXPECT_TRUE(scram.step(last).outcome == Outcome::wrong ||
                scram.step(last).outcome == Outcome::malformed)
        << tail;
  }
}

TEST(ScramServer, SaysSaltAndIterationsOfTheSecretAndANonceOfItsOwn) {
  ScramServer one = server();
  ScramServer two = server();
  const std::string first = one.step("n,,n=user,r=abcdefgh").text;
  EXPECT_THAT(first, StartsWith("r=abcdefgh"));
  EXPECT_THAT(first, HasSubstr(",s=" + base64_encode(kPencil.salt) + ",i=4096"));
  EXPECT_NE(first, two.step("n,,n=user,r=abcdefgh").text);
}

}  // namespace
}  // namespace sekisho::auth
