#include "gateway/login_helper/login_helpers.h"

#include <chrono>

#include <gtest/gtest.h>

#include "gateway/async/loop.h"

namespace sekisho::login {
namespace {

using std::chrono::milliseconds;

HelperSettings a_directory_that_is_not_there() {
  HelperSettings settings;
  settings.processes = 1;
  settings.timeout = milliseconds(20'000);
  settings.ldap.uri = "ldap://127.0.0.1:1";
  settings.ldap.bind_dn = "uid={user},dc=example";
  return settings;
}

const std::vector<std::string> kHelper{SEKISHO_BINARY, "login-helper"};

Task<void> ask_into(LoginHelpers& helpers, Loop& loop, std::string password, CancelSource& cancel,
                    Answer& answer) {
  Question question{"alice", Secret(password), "192.0.2.1"};
  answer = co_await helpers.ask(loop, std::move(question), cancel);
  loop.stop();
}

Answer ask(LoginHelpers& helpers, std::string password = "secret") {
  Loop loop;
  CancelSource cancel;
  Answer answer{Outcome::right, "nobody answered"};
  spawn(ask_into(helpers, loop, std::move(password), cancel, answer));
  loop.run();
  return answer;
}

std::unique_ptr<LoginHelpers> make(const HelperSettings& settings,
                                   const std::vector<std::string>& command) {
  auto made = LoginHelpers::create(settings, command);
  EXPECT_TRUE(made) << made.error().text;
  return std::move(*made);
}

TEST(LoginHelpers, ADirectoryThatCanNotBeReachedIsNoWrongPassword) {
  const auto helpers = make(a_directory_that_is_not_there(), kHelper);
  const Answer answer = ask(*helpers);
  EXPECT_EQ(answer.outcome, Outcome::unavailable);
  EXPECT_NE(answer.reason.find("LDAP"), std::string::npos) << answer.reason;
}

TEST(LoginHelpers, OneProcessAnswersOneQuestionAfterAnother) {
  const auto helpers = make(a_directory_that_is_not_there(), kHelper);
  for (int i = 0; i < 3; ++i) EXPECT_NE(ask(*helpers).reason.find("LDAP"), std::string::npos);
}

TEST(LoginHelpers, AnEmptyPasswordIsWrongAndNobodyIsAsked) {
  const auto helpers = make(a_directory_that_is_not_there(), {"/nonexistent"});
  EXPECT_EQ(ask(*helpers, "").outcome, Outcome::wrong);
}

TEST(LoginHelpers, AHelperThatDiesCostsItsOwnQuestionAlone) {
  const auto helpers = make(a_directory_that_is_not_there(), {"/bin/false"});
  for (int i = 0; i < 2; ++i) {
    const Answer answer = ask(*helpers);
    EXPECT_EQ(answer.outcome, Outcome::unavailable);
    EXPECT_NE(answer.reason.find("login helper"), std::string::npos) << answer.reason;
  }
}

TEST(LoginHelpers, AHelperThatHangsIsGivenUpInTime) {
  auto settings = a_directory_that_is_not_there();
  settings.timeout = milliseconds(50);
  const auto helpers = make(settings, {"/bin/sleep", "600"});
  const Answer answer = ask(*helpers);
  EXPECT_EQ(answer.outcome, Outcome::unavailable);
  EXPECT_NE(answer.reason.find("in time"), std::string::npos) << answer.reason;
}

TEST(LoginHelpers, OneThatCanNotBeStartedIsUnavailable) {
  const auto helpers = make(a_directory_that_is_not_there(), {"/nonexistent/helper"});
  EXPECT_EQ(ask(*helpers).outcome, Outcome::unavailable);
}

TEST(LoginHelpers, ASearchPasswordThatCanNotBeReadIsAnErrorAtOnce) {
  auto settings = a_directory_that_is_not_there();
  settings.ldap.search_dn = "cn=reader";
  settings.ldap.search_password_file = "/nonexistent/password";
  const auto made = LoginHelpers::create(settings, kHelper);
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().text.find("/nonexistent/password"), std::string::npos);
}

}  // namespace
}  // namespace sekisho::login
