#include "gateway/auth/dovecot_protocol.h"

#include <gtest/gtest.h>

namespace sekisho::auth::dovecot {
namespace {

using Kind = Answer::Kind;

TEST(DovecotProtocol, MechanismsThatCantGoThroughUsAreLeftOut) {
  EXPECT_EQ(parse_mechanism("MECH\tPLAIN\tplaintext"), (Mechanism{"PLAIN", true}));
  EXPECT_EQ(parse_mechanism("MECH\tscram-sha-256\tmutual-auth"), (Mechanism{"SCRAM-SHA-256"}));
  for (const auto* line :
       {"MECH\tANONYMOUS\tanonymous", "MECH\tEXTERNAL", "MECH\tDOVECOT-TOKEN\tprivate",
        "MECH\tX-GUEST\tanonymous", "MECH\tSCRAM-SHA-256-PLUS", "MECH\tBAD NAME", "MECH\t", "MECH",
        "SPID\t12"})
    EXPECT_FALSE(parse_mechanism(line)) << line;
}

TEST(DovecotProtocol, ReadsAnswers) {
  const auto ok = parse_answer("OK\t7\tuser=al\x01tice\tresp=").value();
  EXPECT_EQ(ok.kind, Kind::ok);
  EXPECT_EQ(ok.id, 7U);
  EXPECT_EQ(ok.user, "al\tice");
  const auto more = parse_answer("CONT\t8\tVXNlcm5hbWU6").value();
  EXPECT_EQ(more.kind, Kind::more);
  EXPECT_EQ(more.challenge, "Username:");
  EXPECT_EQ(parse_answer("CONT\t8\t")->challenge, "");
  const auto wrong = parse_answer("FAIL\t9\tuser=alice\tcode=user_disabled").value();
  EXPECT_EQ(wrong.kind, Kind::fail);
  EXPECT_FALSE(wrong.temporary);
  EXPECT_EQ(wrong.code, "user_disabled");
  EXPECT_TRUE(parse_answer("FAIL\t9\tuser=alice\ttemp")->temporary);
  EXPECT_TRUE(parse_answer("FAIL\t9\tcode=temp_fail")->temporary);
}

TEST(DovecotProtocol, AnswersThatMakeNoSenseAreNone) {
  for (const auto* line : {"", "OK", "OK\t", "OK\tx", "OK\t-1", "OK\t4294967296", "CONT\t1\t!",
                           "OKAY\t1", "NOTFOUND\t1", "fail\t1"})
    EXPECT_FALSE(parse_answer(line)) << line;
}

TEST(DovecotProtocol, WhoComesByAUnixSocketHasNoAddress) {
  const Endpoint none;
  EXPECT_EQ(auth_line({3, "PLAIN", none, none, "5f-1", true}, std::nullopt),
            "AUTH\t3\tPLAIN\tservice=smtp\tnologin\tsession=5f-1\tsecured=tls\n");
}

TEST(DovecotProtocol, ResponseIsTheLastFieldAndItsAbsenceIsNotItsEmptiness) {
  const auto remote = Endpoint::parse("[2001:db8::1]:4711").value();
  const auto local = Endpoint::parse("192.0.2.1:587").value();
  const Request request{3, "PLAIN", remote, local, "5f-1", true};
  const std::string common =
      "AUTH\t3\tPLAIN\tservice=smtp\tnologin\tlip=192.0.2.1\trip=2001:db8::1\tlport=587\t"
      "rport=4711\tsession=5f-1\tsecured=tls";
  EXPECT_EQ(auth_line(request, std::nullopt), common + "\n");
  EXPECT_EQ(auth_line(request, ""), common + "\tresp=\n");
  EXPECT_EQ(auth_line(request, "\n\t"), common + "\tresp=Cgk=\n");
  EXPECT_EQ(continue_line(3, "x"), "CONT\t3\teA==\n");
}

}  // namespace
}  // namespace sekisho::auth::dovecot
