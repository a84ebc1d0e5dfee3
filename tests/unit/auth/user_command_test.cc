#include "gateway/auth/user_command.h"

#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "gateway/auth/password_hash.h"
#include "gateway/auth/users_file.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/auth/cheap_hash.h"
#include "tests/unit/auth/terminal.h"

namespace sekisho::auth {
namespace {

namespace fs = std::filesystem;
using test::PipedInput;
using test::Terminal;
using testing::HasSubstr;

const std::string kHash = test::cheap_hash("secret");

class UserCommandTest : public testing::Test {
 protected:
  // Runs a command with `input` on standard input, which is then no terminal.
  template <class F>
  int run(std::string_view input, F command) {
    const PipedInput piped(input);
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int code = command();
    out_ = testing::internal::GetCapturedStdout();
    err_ = testing::internal::GetCapturedStderr();
    return code;
  }
  int add(const std::string& name, std::string_view input) {
    return run(input, [&] { return add_user(path_, name, SecretKinds::hash); });
  }
  std::string hash_of(const std::string& name) {
    const auto users = UsersFile::open(path_).value()->users();
    const auto found = users->find(name);
    return found == users->end() ? "" : found->second;
  }

  test::TempDir dir_;
  fs::path path_ = dir_.path() / "users";
  std::string out_;
  std::string err_;
};

TEST_F(UserCommandTest, AddMakesAPrivateFileAndTakesOneLineOfInput) {
  EXPECT_EQ(add("Alice", "secret word\nnot this\n"), 0) << err_;
  EXPECT_THAT(out_, HasSubstr("added alice to "));
  EXPECT_TRUE(verify_password(Secret("secret word"), hash_of("alice")));
  struct stat info{};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0600U);
}

TEST_F(UserCommandTest, InputMayEndWithoutLineEndOrWithCrLf) {
  EXPECT_EQ(add("a", "secret"), 0) << err_;
  EXPECT_EQ(add("b", "secret\r\n"), 0) << err_;
  EXPECT_TRUE(verify_password(Secret("secret"), hash_of("a")));
  EXPECT_TRUE(verify_password(Secret("secret"), hash_of("b")));
}

TEST_F(UserCommandTest, AddRefusesBadPasswordsAndWritesNothing) {
  struct Case {
    std::string input;
    const char* says;
  };
  const Case cases[] = {{"", "no password"},
                        {"\n", "empty"},
                        {"\r\n", "empty"},
                        {"a\tb\n", "control"},
                        {"a\x1B[Ab\n", "control"},
                        {"a\x7F\n", "control"},
                        {std::string("a\0b\n", 4), "control"},
                        {std::string(512, 'x') + "\n", "longer than 511"},
                        {std::string(100'000, 'x'), "longer than 511"}};
  for (const auto& [input, says] : cases) {
    EXPECT_EQ(add("alice", input), 1) << input;
    EXPECT_THAT(err_, HasSubstr(says)) << input;
    EXPECT_EQ(out_, "");
    EXPECT_FALSE(fs::exists(path_)) << input;
  }
  EXPECT_EQ(add("alice", std::string(511, 'x') + "\n"), 0) << err_;
}

TEST_F(UserCommandTest, AddRefusesBadAndTakenNamesBeforeAskingForAPassword) {
  for (const char* name : {"", "a:b", "#a", " a", "a\nb", "a\x1B[2J"}) {
    EXPECT_EQ(add(name, "secret\n"), 1) << name;
    EXPECT_EQ(err_.find('\x1B'), std::string::npos);
  }
  EXPECT_FALSE(fs::exists(path_));
  (void)dir_.write("users", "alice:" + kHash + "\n");
  EXPECT_EQ(add("ALICE", ""), 1);
  EXPECT_THAT(err_, HasSubstr("sekisho user passwd"));
  EXPECT_EQ(hash_of("alice"), kHash);
}

TEST_F(UserCommandTest, PasswdChangesOneHashAndKeepsTheRest) {
  (void)dir_.write("users", "# ours\nalice:!" + kHash + "\nbob:" + kHash + "\n");
  EXPECT_EQ(run("fresh\n", [&] { return change_password(path_, "Alice", std::nullopt); }), 0)
      << err_;
  EXPECT_TRUE(verify_password(Secret("fresh"), hash_of("alice")));
  EXPECT_EQ(hash_method(hash_of("alice")), "yescrypt");
  EXPECT_EQ(hash_of("bob"), kHash);
}

TEST_F(UserCommandTest, AScramSecretIsKeptWhereItIsWantedAndWhereTheUserHasOne) {
  const auto change = [this](const char* password, std::optional<SecretKinds> kinds) {
    return run(password, [&] { return change_password(path_, "alice", kinds); });
  };
  EXPECT_EQ(run("one\n", [&] { return add_user(path_, "alice", SecretKinds::scram); }), 0) << err_;
  EXPECT_THAT(hash_of("alice"), testing::StartsWith("{SCRAM-SHA-256}"));
  EXPECT_TRUE(verify_user_secret(Secret("one"), hash_of("alice")));
  EXPECT_EQ(change("two\n", std::nullopt), 0) << err_;
  EXPECT_THAT(hash_of("alice"), testing::StartsWith("{SCRAM-SHA-256}"));
  EXPECT_TRUE(verify_user_secret(Secret("two"), hash_of("alice")));
  EXPECT_EQ(change("three\n", SecretKinds::both), 0) << err_;
  EXPECT_EQ(run("", [&] { return list_users(path_); }), 0) << err_;
  EXPECT_EQ(out_, "alice  yescrypt, scram\n");
  EXPECT_EQ(change("four\n", SecretKinds::hash), 0) << err_;
  EXPECT_EQ(describe_user_secret(hash_of("alice")), "yescrypt");
}

TEST_F(UserCommandTest, PasswdAndDelOfNobodyFailInWords) {
  (void)dir_.write("users", "alice:" + kHash + "\n");
  EXPECT_EQ(run("x\n", [&] { return change_password(path_, "bob", std::nullopt); }), 1);
  EXPECT_THAT(err_, HasSubstr("there is no user bob"));
  EXPECT_EQ(run("", [&] { return delete_user(path_, "bob"); }), 1);
  EXPECT_THAT(err_, HasSubstr("there is no user bob"));
  EXPECT_EQ(hash_of("alice"), kHash);
}

TEST_F(UserCommandTest, DelRemovesThatUserAlone) {
  (void)dir_.write("users", "# c\nalice:" + kHash + "\nbob:" + kHash + "\n");
  EXPECT_EQ(run("", [&] { return delete_user(path_, "ALICE"); }), 0) << err_;
  EXPECT_EQ(hash_of("alice"), "");
  EXPECT_EQ(hash_of("bob"), kHash);
}

TEST_F(UserCommandTest, ListShowsNamesAndMethodsAndNoHash) {
  (void)dir_.write("users", "bob:!" + kHash + "\nalice:" + kHash + "\n");
  EXPECT_EQ(run("", [&] { return list_users(path_); }), 0);
  EXPECT_EQ(out_, "alice  sha256\nbob  locked\n");
}

TEST_F(UserCommandTest, EveryCommandButAddNeedsTheFile) {
  EXPECT_EQ(run("", [&] { return list_users(path_); }), 1);
  EXPECT_EQ(run("", [&] { return delete_user(path_, "a"); }), 1);
  EXPECT_EQ(run("x\n", [&] { return change_password(path_, "a", std::nullopt); }), 1);
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(UserCommandTest, BrokenFileIsNamedAndLeftAlone) {
  (void)dir_.write("users", "alice\n");
  EXPECT_EQ(add("bob", "secret\n"), 1);
  EXPECT_THAT(err_, HasSubstr("users:1:1: "));
}

TEST_F(UserCommandTest, FolderThatDoesNotExistIsAnError) {
  path_ = dir_.path() / "none" / "users";
  EXPECT_EQ(add("bob", "secret\n"), 1);
  EXPECT_THAT(err_, HasSubstr("cannot create"));
}

TEST_F(UserCommandTest, TerminalIsAskedTwiceAndDoesNotShowThePassword) {
  Terminal terminal([this] { return add_user(path_, "alice", SecretKinds::hash); });
  terminal.expect("New password for alice: ");
  EXPECT_FALSE(terminal.echoes());
  terminal.type("hidden word\n");
  terminal.expect("The same again: ");
  terminal.type("hidden word\n");
  EXPECT_EQ(terminal.wait(), 0) << terminal.shown();
  EXPECT_TRUE(terminal.echoes());
  EXPECT_EQ(terminal.shown().find("hidden"), std::string::npos);
  EXPECT_TRUE(verify_password(Secret("hidden word"), hash_of("alice")));
}

TEST_F(UserCommandTest, TwoDifferentPasswordsChangeNothing) {
  Terminal terminal([this] { return add_user(path_, "alice", SecretKinds::hash); });
  terminal.expect("New password for alice: ");
  terminal.type("one\n");
  terminal.expect("The same again: ");
  terminal.type("two\n");
  EXPECT_EQ(terminal.wait(), 1);
  EXPECT_THAT(terminal.shown(), HasSubstr("differ"));
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(UserCommandTest, EmptyPasswordOnTheTerminalIsRefusedAtOnce) {
  Terminal terminal([this] { return add_user(path_, "alice", SecretKinds::hash); });
  terminal.expect("New password for alice: ");
  terminal.type("\n");
  EXPECT_EQ(terminal.wait(), 1);
  EXPECT_THAT(terminal.shown(), HasSubstr("empty password"));
}

TEST_F(UserCommandTest, SignalAtThePromptRestoresTheTerminalAndStillEndsTheProgram) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    Terminal terminal([this] { return add_user(path_, "alice", SecretKinds::hash); });
    terminal.expect("New password for alice: ");
    ASSERT_FALSE(terminal.echoes());
    number == SIGINT ? terminal.type("\x03") : terminal.signal(number);
    EXPECT_EQ(terminal.wait(), 128 + number);
    EXPECT_TRUE(terminal.echoes()) << number;
    EXPECT_FALSE(fs::exists(path_));
  }
}

}  // namespace
}  // namespace sekisho::auth
