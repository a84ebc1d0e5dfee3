#include "gateway/smtp/dialog.h"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace sekisho::smtp {
namespace {

using namespace std::literals;

// "503 5.5.1", or "ok".
std::string ask(const Dialog& dialog, Verb verb) {
  const auto reply = dialog.refuse(verb);
  if (!reply) return "ok";
  return std::to_string(reply->code) + ' ' + reply->enhanced.value().to_string();
}

struct Expectation {
  Verb verb;
  std::string_view answer;
};

void expect_all(const Dialog& dialog, const std::vector<Expectation>& expectations) {
  for (const auto& e : expectations) {
    EXPECT_EQ(ask(dialog, e.verb), e.answer) << to_string(e.verb);
  }
}

constexpr DialogRules kMx{};
constexpr DialogRules kSubmission{.require_tls = true, .require_auth = true, .offer_auth = true};
constexpr DialogRules kSubmissions{
    .implicit_tls = true, .require_tls = true, .require_auth = true, .offer_auth = true};
constexpr DialogRules kOptional{.offer_auth = true};
constexpr DialogRules kLmtp{.lmtp = true};

TEST(Dialog, BeforeAnyGreeting) {
  expect_all(Dialog(kMx), {{Verb::ehlo, "ok"},
                           {Verb::helo, "ok"},
                           {Verb::mail, "503 5.5.1"},
                           {Verb::rcpt, "503 5.5.1"},
                           {Verb::data, "503 5.5.1"},
                           {Verb::rset, "ok"},
                           {Verb::noop, "ok"},
                           {Verb::vrfy, "ok"},
                           {Verb::help, "ok"},
                           {Verb::quit, "ok"},
                           {Verb::starttls, "ok"},
                           {Verb::expn, "502 5.5.1"},
                           {Verb::auth, "502 5.5.1"},
                           {Verb::unknown, "500 5.5.2"}});
}

TEST(Dialog, OfLmtpIsOpenedByLhloAlone) {
  Dialog dialog(kLmtp);
  expect_all(dialog, {{Verb::lhlo, "ok"},
                      {Verb::ehlo, "500 5.5.1"},
                      {Verb::helo, "500 5.5.1"},
                      {Verb::mail, "503 5.5.1"}});
  dialog.greeted(true);
  expect_all(dialog, {{Verb::lhlo, "ok"}, {Verb::ehlo, "500 5.5.1"}, {Verb::mail, "ok"}});
  EXPECT_EQ(ask(Dialog(kMx), Verb::lhlo), "500 5.5.1");
}

TEST(Dialog, OfLmtpRefusesDataWithoutRecipientsAsRfc2033Demands) {
  Dialog dialog(kLmtp);
  dialog.greeted(true);
  dialog.mail_accepted();
  EXPECT_EQ(ask(dialog, Verb::data), "503 5.5.1");
  dialog.recipient_accepted();
  EXPECT_EQ(ask(dialog, Verb::data), "ok");
}

TEST(Dialog, BeforeTlsWhereTlsIsRequired) {
  for (const bool greeted : {false, true}) {
    Dialog dialog(kSubmission);
    if (greeted) dialog.greeted(true);
    expect_all(dialog, {{Verb::ehlo, "ok"},
                        {Verb::helo, "ok"},
                        {Verb::mail, "530 5.7.0"},
                        {Verb::rcpt, "530 5.7.0"},
                        {Verb::data, "530 5.7.0"},
                        {Verb::auth, "530 5.7.0"},
                        {Verb::vrfy, "530 5.7.0"},
                        {Verb::expn, "530 5.7.0"},
                        {Verb::rset, "ok"},
                        {Verb::noop, "ok"},
                        {Verb::help, "ok"},
                        {Verb::quit, "ok"},
                        {Verb::starttls, "ok"},
                        {Verb::unknown, "500 5.5.2"}});
  }
}

TEST(Dialog, AMessageThatBeganWithBdatEndsWithBdat) {
  Dialog dialog(kMx);
  EXPECT_EQ(ask(dialog, Verb::bdat), "503 5.5.1");
  dialog.greeted(true);
  dialog.mail_accepted();
  EXPECT_EQ(ask(dialog, Verb::bdat), "554 5.5.1");
  dialog.recipient_accepted();
  EXPECT_EQ(ask(dialog, Verb::bdat), "ok");
  dialog.chunk_taken();
  expect_all(dialog, {{Verb::bdat, "ok"},
                      {Verb::data, "503 5.5.1"},
                      {Verb::rcpt, "503 5.5.1"},
                      {Verb::mail, "503 5.5.1"},
                      {Verb::rset, "ok"},
                      {Verb::noop, "ok"},
                      {Verb::quit, "ok"}});
  dialog.transaction_ended();
  dialog.mail_accepted();
  dialog.recipient_accepted();
  EXPECT_EQ(ask(dialog, Verb::data), "ok");
}

TEST(Dialog, ATransactionGoesMailRcptData) {
  Dialog dialog(kMx);
  dialog.greeted(false);
  expect_all(dialog, {{Verb::mail, "ok"}, {Verb::rcpt, "503 5.5.1"}, {Verb::data, "503 5.5.1"}});
  dialog.mail_accepted();
  EXPECT_TRUE(dialog.in_transaction());
  expect_all(dialog, {{Verb::mail, "503 5.5.1"}, {Verb::rcpt, "ok"}, {Verb::data, "554 5.5.1"}});
  dialog.recipient_accepted();
  dialog.recipient_accepted();
  EXPECT_EQ(dialog.recipients(), 2U);
  expect_all(dialog, {{Verb::mail, "503 5.5.1"}, {Verb::rcpt, "ok"}, {Verb::data, "ok"}});
  dialog.transaction_ended();
  EXPECT_FALSE(dialog.in_transaction());
  EXPECT_EQ(dialog.recipients(), 0U);
  expect_all(dialog, {{Verb::mail, "ok"}, {Verb::rcpt, "503 5.5.1"}, {Verb::data, "503 5.5.1"}});
}

TEST(Dialog, RecipientsOfOneTransactionDoNotCountInTheNext) {
  Dialog dialog(kMx);
  dialog.greeted(true);
  dialog.mail_accepted();
  dialog.recipient_accepted();
  dialog.transaction_ended();
  dialog.mail_accepted();
  EXPECT_EQ(ask(dialog, Verb::data), "554 5.5.1");
}

TEST(Dialog, AGreetingInTheMiddleEndsTheTransactionButNotTheLogin) {
  Dialog dialog(kSubmissions);
  dialog.greeted(true);
  dialog.authenticated();
  dialog.mail_accepted();
  dialog.recipient_accepted();
  dialog.greeted(true);
  EXPECT_FALSE(dialog.in_transaction());
  EXPECT_TRUE(dialog.is_authenticated());
  expect_all(dialog, {{Verb::data, "503 5.5.1"}, {Verb::mail, "ok"}});
}

TEST(Dialog, MailNeedsALoginWhereTheListenerWantsOne) {
  Dialog dialog(kSubmissions);
  dialog.greeted(true);
  EXPECT_EQ(ask(dialog, Verb::mail), "530 5.7.0");
  EXPECT_EQ(dialog.refuse(Verb::mail)->lines.front(), "authentication required");
  dialog.authenticated();
  EXPECT_EQ(ask(dialog, Verb::mail), "ok");
}

TEST(Dialog, AuthIsRefusedInTheClear) {
  Dialog dialog(kOptional);
  dialog.greeted(true);
  EXPECT_EQ(ask(dialog, Verb::auth), "538 5.7.11");
  EXPECT_FALSE(dialog.auth_possible());
  dialog.tls_started();
  EXPECT_TRUE(dialog.auth_possible());
}

TEST(Dialog, AuthIsRefusedInTheClearEvenWithoutACertificate) {
  Dialog dialog(DialogRules{.tls_available = false, .offer_auth = true});
  dialog.greeted(true);
  EXPECT_EQ(ask(dialog, Verb::auth), "538 5.7.11");
}

TEST(Dialog, AuthNeedsEhloOnceAndNoTransaction) {
  Dialog dialog(kSubmissions);
  EXPECT_EQ(ask(dialog, Verb::auth), "503 5.5.1");
  dialog.greeted(false);
  EXPECT_EQ(ask(dialog, Verb::auth), "503 5.5.1");
  dialog.greeted(true);
  EXPECT_EQ(ask(dialog, Verb::auth), "ok");
  dialog.authenticated();
  EXPECT_EQ(ask(dialog, Verb::auth), "503 5.5.1");
}

TEST(Dialog, AuthIsRefusedInsideATransaction) {
  Dialog dialog(DialogRules{.implicit_tls = true, .offer_auth = true});
  dialog.greeted(true);
  dialog.mail_accepted();
  EXPECT_EQ(ask(dialog, Verb::auth), "503 5.5.1");
  dialog.transaction_ended();
  EXPECT_EQ(ask(dialog, Verb::auth), "ok");
}

TEST(Dialog, AuthIsUnknownWhereItIsNotOffered) {
  Dialog dialog(DialogRules{.implicit_tls = true});
  dialog.greeted(true);
  EXPECT_EQ(ask(dialog, Verb::auth), "502 5.5.1");
}

TEST(Dialog, StarttlsForgetsEverything) {
  Dialog dialog(kOptional);
  dialog.greeted(true);
  dialog.mail_accepted();
  dialog.recipient_accepted();
  dialog.tls_started();
  EXPECT_TRUE(dialog.is_tls());
  EXPECT_FALSE(dialog.is_greeted());
  EXPECT_FALSE(dialog.is_extended());
  EXPECT_FALSE(dialog.is_authenticated());
  EXPECT_FALSE(dialog.in_transaction());
  EXPECT_EQ(dialog.recipients(), 0U);
  EXPECT_TRUE(dialog.rules().offer_auth);
  expect_all(dialog, {{Verb::mail, "503 5.5.1"},
                      {Verb::rcpt, "503 5.5.1"},
                      {Verb::data, "503 5.5.1"},
                      {Verb::auth, "503 5.5.1"}});
}

TEST(Dialog, StarttlsComesOnce) {
  Dialog dialog(kSubmission);
  EXPECT_TRUE(dialog.starttls_possible());
  dialog.tls_started();
  EXPECT_FALSE(dialog.starttls_possible());
  EXPECT_EQ(ask(dialog, Verb::starttls), "503 5.5.1");
  dialog.greeted(true);
  EXPECT_EQ(ask(dialog, Verb::starttls), "503 5.5.1");
  EXPECT_EQ(ask(Dialog(kSubmissions), Verb::starttls), "503 5.5.1");
}

TEST(Dialog, StarttlsIsUnknownWithoutACertificate) {
  const Dialog dialog(DialogRules{.tls_available = false});
  EXPECT_EQ(ask(dialog, Verb::starttls), "502 5.5.1");
  EXPECT_FALSE(dialog.starttls_possible());
}

TEST(Dialog, HarmlessVerbsPassInEveryState) {
  Dialog dialog(kSubmissions);
  const auto expect_harmless = [&] {
    for (const auto verb :
         {Verb::noop, Verb::rset, Verb::help, Verb::quit, Verb::vrfy, Verb::ehlo, Verb::helo}) {
      EXPECT_EQ(ask(dialog, verb), "ok") << to_string(verb);
    }
  };
  expect_harmless();
  dialog.greeted(true);
  expect_harmless();
  dialog.authenticated();
  expect_harmless();
  dialog.mail_accepted();
  expect_harmless();
  dialog.recipient_accepted();
  expect_harmless();
}

TEST(Dialog, OffersAuthInTheClearWhereItIsSaid) {
  Dialog dialog(DialogRules{.offer_auth = true, .auth_in_clear = true});
  dialog.greeted(true);
  EXPECT_TRUE(dialog.auth_possible());
  EXPECT_EQ(ask(dialog, Verb::auth), "ok");
}

TEST(Dialog, XclientComesBetweenTransactionsAndBeginsAnew) {
  Dialog dialog(kMx);
  EXPECT_EQ(ask(dialog, Verb::xclient), "ok");
  dialog.tls_started();
  dialog.greeted(true);
  dialog.authenticated();
  dialog.mail_accepted();
  EXPECT_EQ(ask(dialog, Verb::xclient), "503 5.5.1");
  dialog.transaction_ended();
  dialog.client_changed();
  EXPECT_TRUE(dialog.is_tls());
  EXPECT_FALSE(dialog.is_authenticated());
  EXPECT_EQ(ask(dialog, Verb::mail), "503 5.5.1");
}

}  // namespace
}  // namespace sekisho::smtp
