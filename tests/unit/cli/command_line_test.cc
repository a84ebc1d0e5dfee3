// The command line by its exit codes and what it prints.
#include "gateway/cli/command_line.h"

#include <cstdlib>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace sekisho::cli {
namespace {

struct Ran {
  int code;
  std::string out;
  std::string err;
};

Ran run(const std::vector<std::string>& words) {
  std::vector<const char*> argv{"sekisho"};
  for (const std::string& word : words) argv.push_back(word.c_str());
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const int code = run_command_line(static_cast<int>(argv.size()), argv.data());
  std::fflush(stdout);
  std::fflush(stderr);
  return {code, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
}

class CommandLine : public testing::Test {
 protected:
  CommandLine() {
    ::unsetenv("SEKISHO_CONFIG");
    good_ = dir_.write("good.toml",
                       "hostname = \"gw.example.com\"\n[listener.in]\naddress = \"127.0.0.1:0\"\n"
                       "profile = \"mx\"\n[relay]\ndomains = [\"example.com\"]\n")
                .string();
    bad_ = dir_.write("bad.toml", "threads = \"many\"\n").string();
  }

  test::TempDir dir_;
  std::string good_;
  std::string bad_;
};

TEST_F(CommandLine, VersionIsPrintedAndIsNoError) {
  const Ran ran = run({"--version"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out, "sekisho " SEKISHO_VERSION "\n");
}

TEST_F(CommandLine, WrongUsageIsTwo) {
  const std::vector<std::vector<std::string>> wrong = {{},
                                                       {"frobnicate"},
                                                       {"--frob"},
                                                       {"config"},
                                                       {"user"},
                                                       {"user", "add"},
                                                       {"check", "x"},
                                                       {"config", "edit"},
                                                       {"inbox", "show"},
                                                       {"run", "check"},
                                                       {"check", "run"},
                                                       {"config", "show", "reference"},
                                                       {"config", "show", "check"},
                                                       {"run", "--config"}};
  for (const auto& words : wrong) {
    const Ran ran = run(words);
    EXPECT_EQ(ran.code, 2) << (words.empty() ? "" : words[0]);
    EXPECT_NE(ran.err, "");
    EXPECT_EQ(ran.out, "");
  }
}

TEST_F(CommandLine, HelpIsNoErrorAtAnyCommand) {
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"--help"}, {"run", "--help"}, {"user", "add", "--help"}, {"config", "show", "-h"}}) {
    EXPECT_EQ(run(words).code, 0);
  }
}

TEST_F(CommandLine, CheckTellsGoodFromBad) {
  const Ran good = run({"check", "--config", good_});
  EXPECT_EQ(good.code, 0) << good.err;
  EXPECT_EQ(good.out, good_ + ": ok\n");
  const Ran bad = run({"check", "--config", bad_});
  EXPECT_EQ(bad.code, 1);
  EXPECT_EQ(bad.out, "");
  EXPECT_TRUE(bad.err.contains(bad_ + ":1:11: error: threads: must be a number")) << bad.err;
  EXPECT_TRUE(bad.err.contains(" errors")) << bad.err;
}

TEST_F(CommandLine, DaemonWithABadConfigurationExitsWith78) {
  EXPECT_EQ(run({"run", "--no-keeper", "-c", bad_}).code, 78);
  const Ran missing = run({"run", "--no-keeper", "-c", (dir_.path() / "none.toml").string()});
  EXPECT_EQ(missing.code, 78);
  EXPECT_TRUE(missing.err.contains("No such file")) << missing.err;
}

TEST_F(CommandLine, ConfigMayStandBeforeOrBehindTheCommandOrInTheEnvironment) {
  EXPECT_EQ(run({"--config", good_, "check"}).code, 0);
  EXPECT_EQ(run({"config", "show", "-c", good_}).code, 0);
  ::setenv("SEKISHO_CONFIG", good_.c_str(), 1);
  EXPECT_EQ(run({"check"}).code, 0);
  EXPECT_EQ(run({"check", "-c", bad_}).code, 1);
  ::unsetenv("SEKISHO_CONFIG");
}

TEST_F(CommandLine, ConfigShowPrintsAConfigurationThatIsGoodAgain) {
  const Ran shown = run({"config", "show", "-c", good_});
  ASSERT_EQ(shown.code, 0) << shown.err;
  EXPECT_TRUE(shown.out.contains("hostname = \"gw.example.com\"")) << shown.out;
  const auto again = dir_.write("again.toml", shown.out);
  EXPECT_EQ(run({"check", "-c", again.string()}).code, 0);
  EXPECT_EQ(run({"config", "show", "-c", bad_}).code, 1);
}

TEST_F(CommandLine, ReferenceNeedsNoConfiguration) {
  const Ran text = run({"config", "reference", "-c", "/nonexistent"});
  EXPECT_EQ(text.code, 0);
  EXPECT_TRUE(text.out.contains("[limits]"));
  EXPECT_TRUE(run({"config", "reference", "--troff"}).out.contains(".TH SEKISHO.TOML 5"));
}

TEST_F(CommandLine, UsersAreThoseOfTheOptionOrOfTheConfiguration) {
  const std::string hash =
      "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7";
  const auto users = dir_.write("users", "ann:" + hash + "\nbob:" + hash + "\n");
  const Ran listed = run({"user", "list", "--file", users.string()});
  EXPECT_EQ(listed.code, 0) << listed.err;
  EXPECT_TRUE(listed.out.contains("ann") && listed.out.contains("bob")) << listed.out;
  EXPECT_FALSE(listed.out.contains(hash));

  const auto config = dir_.write("users.toml", "[auth]\nusers_file = \"users\"\n");
  EXPECT_EQ(run({"user", "del", "bob", "-c", config.string()}).code, 0);
  EXPECT_FALSE(run({"user", "list", "-c", config.string()}).out.contains("bob"));
  EXPECT_EQ(run({"user", "del", "bob", "-c", config.string()}).code, 1);
}

TEST_F(CommandLine, UserCommandWithoutAUsersFileSaysHowToNameOne) {
  const Ran ran = run({"user", "list", "-c", good_});
  EXPECT_EQ(ran.code, 1);
  EXPECT_TRUE(ran.err.contains("--file")) << ran.err;
}

TEST_F(CommandLine, InboxIsListedAndMissingMessagesAreErrors) {
  EXPECT_EQ(run({"inbox", "-c", good_}).code, 0);
  EXPECT_EQ(run({"inbox", "list", "--dir", (dir_.path() / "box").string()}).code, 0);
  EXPECT_EQ(run({"inbox", "show", "nothing", "-c", good_}).code, 1);
}

}  // namespace
}  // namespace sekisho::cli
