// Several files: includes, keys set twice, errors of all files at once, paths.
#include <filesystem>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/test_certificate.h"
#include "tests/unit/config/config_test_support.h"

namespace sekisho::config {
namespace {

namespace fs = std::filesystem;

class ConfigFiles : public testing::Test {
 protected:
  ConfigFiles() { fs::create_directory(dir_.path() / "conf.d"); }

  fs::path main(std::string_view text) { return dir_.write("sekisho.toml", text); }
  void extra(const std::string& name, std::string_view text) {
    (void)dir_.write("conf.d/" + name, text);
  }

  test::TempDir dir_;
};

TEST_F(ConfigFiles, ConfDIsReadAndMergedIntoTheTablesOfTheMainFile) {
  const fs::path file = main(good_config() + "[limits]\nmax_errors = 7\n");
  extra("10-more.toml", "[limits]\nmax_messages = 9\n[upstream.a]\nhost = \"mail.example.com\"\n");
  const auto loaded = load(file);
  ASSERT_TRUE(loaded) << rendered(loaded.error());
  EXPECT_EQ(loaded->settings.limits.max_errors, 7);
  EXPECT_EQ(loaded->settings.limits.max_messages, 9);
  EXPECT_EQ(loaded->settings.upstreams.at("a").host, "mail.example.com");
  EXPECT_EQ(loaded->origins.at("limits.max_messages"),
            (dir_.path() / "conf.d/10-more.toml").string() + ":2");
}

TEST_F(ConfigFiles, KeySetInTwoFilesIsAnErrorThatNamesBothPlaces) {
  const fs::path file = main(good_config() + "[limits]\nmax_errors = 7\n");
  extra("10.toml", "[limits]\n  max_errors = 8\n");
  const auto errors = errors_of(load(file));
  ASSERT_EQ(errors.size(), 1U) << rendered(errors);
  EXPECT_EQ(errors[0].file.filename(), "10.toml");
  EXPECT_EQ(errors[0].line, 2U);
  EXPECT_EQ(errors[0].column, 3U);
  EXPECT_NE(errors[0].message.find("sekisho.toml:8"), std::string::npos) << errors[0].message;
}

TEST_F(ConfigFiles, ListInTwoFilesIsSetTwiceToo) {
  const fs::path file = main(good_config());
  extra("10.toml", "[relay]\ndomains = [\"example.net\"]\n");
  const auto errors = errors_of(load(file));
  ASSERT_EQ(errors.size(), 1U) << rendered(errors);
  EXPECT_NE(errors[0].message.find("`relay.domains` is set already"), std::string::npos);
}

TEST_F(ConfigFiles, GrammarErrorInOneFileDoesNotHideTheErrorsOfTheOthers) {
  const fs::path file = main(good_config() + "[limits\nmax_errors = 7\n");
  extra("10.toml", "[timeouts]\ncommand = 5\n");
  extra("20.toml", "[log]\nlevle = \"info\"\nfile = oops\n");
  const auto errors = errors_of(load(file));
  ASSERT_EQ(errors.size(), 4U) << rendered(errors);
  EXPECT_EQ(errors[0].file.filename(), "sekisho.toml");
  EXPECT_EQ(errors[1].file.filename(), "10.toml");
  EXPECT_EQ(errors[2].file.filename(), "20.toml");
  EXPECT_EQ(errors[3].line, 3U);
}

TEST_F(ConfigFiles, GrammarErrorInOneLineDoesNotHideTheErrorsBehindIt) {
  const auto errors = errors_of(
      load(main(std::string(kTop) + "threads = 2x\nspool_memory = 9kb\n" + std::string(kMx) +
                std::string(kDomains) + "[limits]\nmax_errors = \"x\"\n")));
  ASSERT_EQ(errors.size(), 3U) << rendered(errors);
  EXPECT_EQ(errors[0].line, 2U);
  EXPECT_EQ(errors[1].line, 3U);
  EXPECT_EQ(errors[2].line, 10U);
}

TEST_F(ConfigFiles, UnclosedListIsOneErrorAndNotOneForEachLineBehindIt) {
  const auto errors =
      errors_of(load(main("filters = [\"headers\",\nthreads = 2\nhostname = \"a.b\"\n")));
  EXPECT_EQ(errors.size(), 1U) << rendered(errors);
}

TEST_F(ConfigFiles, WhatAFileThatCannotBeReadMightHoldIsNotToldAsMissing) {
  const fs::path file = main(std::string(kTop) + std::string(kMx));
  extra("10.toml", "[relay\n");
  const auto errors = errors_of(load(file));
  ASSERT_EQ(errors.size(), 1U) << rendered(errors);
  EXPECT_EQ(errors[0].file.filename(), "10.toml");
}

TEST_F(ConfigFiles, KeyOfALineThatCannotBeReadIsNotToldAsMissing) {
  const auto errors = errors_of(
      load(main(std::string(kTop) + "[listener.in]\naddress = 127.0.0.1:25\nprofile = \"mx\"\n"
                                    "[relay]\ndomains_file = domains\n")));
  ASSERT_EQ(errors.size(), 2U) << rendered(errors);
  EXPECT_EQ(errors[0].line, 3U);
  EXPECT_EQ(errors[1].line, 6U);
}

TEST_F(ConfigFiles, MissingMainFileIsToldWithTheWayOut) {
  const auto errors = errors_of(load(dir_.path() / "nothing.toml"));
  ASSERT_EQ(errors.size(), 1U) << rendered(errors);
  EXPECT_EQ(errors[0].line, 0U);
  EXPECT_NE(errors[0].message.find("No such file"), std::string::npos);
  EXPECT_NE(errors[0].hint.find("--config"), std::string::npos);
}

TEST_F(ConfigFiles, FolderOrPipeInPlaceOfTheMainFileIsAnErrorAndNoHang) {
  EXPECT_FALSE(load(dir_.path()));
  EXPECT_FALSE(load("/dev/zero"));
}

TEST_F(ConfigFiles, MissingIncludeIsAnErrorButAPatternMayMatchNothing) {
  const auto errors =
      errors_of(load(main("include = [\"more/*.toml\", \"site.toml\"]\n" + good_config())));
  ASSERT_EQ(errors.size(), 1U) << rendered(errors);
  EXPECT_EQ(errors[0].line, 1U);
  EXPECT_EQ(errors[0].column, 27U);
  EXPECT_NE(errors[0].message.find("no file site.toml"), std::string::npos);
}

TEST_F(ConfigFiles, IncludesAreSortedAndReadOnceWithoutTheMainFile) {
  const fs::path file =
      main("include = [\"*.toml\", \"conf.d/*.toml\", \"conf.d/b.toml\"]\n" + good_config());
  extra("b.toml", "[limits]\nmax_errors = 1\n");
  extra("a.toml", "[limits]\nmax_errors = 2\n");
  const auto errors = errors_of(load(file));
  ASSERT_EQ(errors.size(), 1U) << rendered(errors);
  EXPECT_EQ(errors[0].file.filename(), "b.toml");
  EXPECT_NE(errors[0].message.find("a.toml:2"), std::string::npos) << errors[0].message;
}

TEST_F(ConfigFiles, FolderWhoseNameLooksLikeAPatternIsTakenAsItIs) {
  const fs::path folder = dir_.path() / "[ab]*";
  fs::create_directories(folder / "conf.d");
  (void)dir_.write("[ab]*/main.toml", good_config());
  (void)dir_.write("[ab]*/conf.d/x.toml", "[limits]\nmax_errors = 3\n");
  const auto loaded = load(folder / "main.toml");
  ASSERT_TRUE(loaded) << rendered(loaded.error());
  EXPECT_EQ(loaded->settings.limits.max_errors, 3);
}

TEST_F(ConfigFiles, IncludedFileCannotIncludeOthers) {
  const fs::path file = main(good_config());
  extra("10.toml", "include = [\"x.toml\"]\n");
  const auto errors = errors_of(load(file));
  ASSERT_EQ(errors.size(), 1U) << rendered(errors);
  EXPECT_NE(errors[0].message.find("can't include others"), std::string::npos);
}

TEST_F(ConfigFiles, RelativePathsCountFromTheFileThatHoldsThem) {
  const fs::path file = main(good_config() + "[log]\nfile = \"sekisho.log\"\n");
  extra("10.toml", "state_directory = \"../state\"\n");
  const auto loaded = load(file);
  ASSERT_TRUE(loaded) << rendered(loaded.error());
  EXPECT_EQ(loaded->settings.log.file, dir_.path() / "sekisho.log");
  EXPECT_EQ(loaded->settings.state_directory, dir_.path() / "state");
  EXPECT_EQ(inbox_directory(loaded->settings), dir_.path() / "state/inbox");
}

TEST_F(ConfigFiles, DefaultPathsCountFromTheMainFile) {
  const auto loaded = load(main(good_config()));
  ASSERT_TRUE(loaded) << rendered(loaded.error());
  EXPECT_EQ(loaded->settings.state_directory, dir_.path() / "var");
}

TEST_F(ConfigFiles, SubmissionLoadsWithCertificateAndUsers) {
  const test::TestCertificate certificate({"gw.example.com"});
  (void)dir_.write("users", "");
  const std::string text = std::string(kTop) +
                           "[listener.a]\naddress = \"127.0.0.1:2587\"\nprofile = \"submission\"\n"
                           "[listener.b]\naddress = \"127.0.0.1:2465\"\nprofile = \"submissions\"\n"
                           "[auth]\nusers_file = \"users\"\n[tls]\ncertificate = \"" +
                           certificate.certificate_file().string() + "\"\nkey = \"" +
                           certificate.key_file().string() + "\"\n";
  const auto loaded = load(main(text));
  ASSERT_TRUE(loaded) << rendered(loaded.error());
  EXPECT_TRUE(loaded->settings.listeners.at("a").require_tls);
  EXPECT_TRUE(loaded->settings.listeners.at("b").require_tls);
}

TEST_F(ConfigFiles, SubmissionWithoutCertificateAndUsersIsTwoErrorsAtTheListener) {
  const auto errors = errors_of(
      load(main(std::string(kTop) +
                "[listener.a]\naddress = \"127.0.0.1:2587\"\nprofile = \"submission\"\n")));
  ASSERT_EQ(errors.size(), 2U) << rendered(errors);
  EXPECT_NE(errors[0].message.find("auth.users_file is not set"), std::string::npos);
  EXPECT_NE(errors[1].message.find("tls.certificate is not set"), std::string::npos);
  EXPECT_EQ(errors[0].line, 2U);
  EXPECT_EQ(errors[1].line, 2U);
}

TEST_F(ConfigFiles, KeyOfAnotherCertificateIsRefused) {
  const test::TestCertificate one({"one.example.com"});
  const test::TestCertificate two({"two.example.com"});
  const auto errors = errors_of(
      load(main(good_config() + "[tls]\ncertificate = \"" + one.certificate_file().string() +
                "\"\nkey = \"" + two.key_file().string() + "\"\n")));
  ASSERT_EQ(errors.size(), 1U) << rendered(errors);
  EXPECT_EQ(errors[0].line, 8U);
}

TEST_F(ConfigFiles, DovecotSocketMustBeASocketAndTheOnlySayOnWhoMayLogIn) {
  (void)dir_.write("users", "");
  (void)dir_.write("file", "");
  const auto both = errors_of(load(
      main(good_config() + "[auth]\nusers_file = \"users\"\ndovecot_socket = \"/nonexistent\"\n")));
  ASSERT_EQ(both.size(), 1U) << rendered(both);
  EXPECT_NE(both[0].message.find("users_file"), std::string::npos);
  const auto file = errors_of(load(main(good_config() + "[auth]\ndovecot_socket = \"file\"\n")));
  ASSERT_EQ(file.size(), 1U) << rendered(file);
  EXPECT_NE(file[0].message.find("no socket"), std::string::npos);
}

TEST_F(ConfigFiles, BrokenDomainsFileIsToldWithItsOwnPlace) {
  (void)dir_.write("domains", "example.com\n*.com\n");
  const auto errors = errors_of(
      load(main(std::string(kTop) + std::string(kMx) + "[relay]\ndomains_file = \"domains\"\n")));
  ASSERT_EQ(errors.size(), 1U) << rendered(errors);
  EXPECT_NE(errors[0].message.find("domains:2:1"), std::string::npos) << errors[0].message;
}

TEST_F(ConfigFiles, ReadGivesValuesOfAConfigurationWhoseFilesAreMissing) {
  const fs::path file = main(good_config() + "[auth]\nusers_file = \"users\"\n");
  EXPECT_FALSE(load(file));
  const auto loaded = read(file);
  ASSERT_TRUE(loaded) << rendered(loaded.error());
  EXPECT_EQ(loaded->settings.auth.users_file, dir_.path() / "users");
}

TEST_F(ConfigFiles, TheLdapSearchPasswordIsMissedBeforeItIsNeeded) {
  const fs::path file = main(good_config() +
                             "[auth.helpers.ldap]\nuri = \"ldaps://ldap.example.com\"\n"
                             "search_base = \"dc=example\"\nsearch_dn = \"cn=reader\"\n"
                             "search_password_file = \"ldap-password\"\n");
  const std::string told = rendered(errors_of(load(file)));
  EXPECT_NE(told.find("ldap-password"), std::string::npos) << told;
  EXPECT_NE(told.find("chmod 600"), std::string::npos) << told;
}

}  // namespace
}  // namespace sekisho::config
