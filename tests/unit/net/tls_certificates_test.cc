// Which certificate a client is shown, and what becomes of it when the files change.
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/net/net_fixture.h"

namespace sekisho::test {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TestCertificate::Options rsa() {
  TestCertificate::Options options;
  options.rsa = true;
  return options;
}

TlsPairFiles files_of(const TestCertificate& made) {
  return {.certificate = made.certificate_file(), .key = made.key_file()};
}

class TlsCertificatesTest : public TlsTest {
 protected:
  TempDir folder_;
  std::shared_ptr<TlsCertificates> ours_certificates_;

  void serve(TlsCertificates::Sources sources) {
    auto made = TlsCertificates::open(std::move(sources));
    ASSERT_TRUE(made) << made.error().text;
    ours_certificates_ = *made;
    server_ = must(TlsContext::server({.certificates = *made}));
  }
  // Does a client that trusts the authority of `expected` alone, and wants `verify`, get through?
  bool shows(const TestCertificate& expected, const std::string& name, std::string kinds = {}) {
    auto client = must(TlsContext::client(true, expected.ca_file()));
    if (!kinds.empty()) SSL_CTX_set1_sigalgs_list(client->native(), kinds.data());
    open(unix_pair());
    return handshake(client, name).second.has_value();
  }
  // Waits until a change of a file can't hide in a tick of the clock, then looks.
  TlsCertificates::Look look() {
    TlsCertificates::Look all;
    for (int i = 0; i < 2; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(60));
      auto one = ours_certificates_->look_for_changes();
      all.changed.insert(all.changed.end(), one.changed.begin(), one.changed.end());
      all.refused.insert(all.refused.end(), one.refused.begin(), one.refused.end());
    }
    return all;
  }
  fs::path place(const TestCertificate& made, const std::string& certificate,
                 const std::string& key) const {
    const fs::path to = folder_.path() / certificate;
    fs::create_directories(to.parent_path());
    fs::create_directories((folder_.path() / key).parent_path());
    fs::copy_file(made.certificate_file(), to, fs::copy_options::overwrite_existing);
    fs::copy_file(made.key_file(), folder_.path() / key, fs::copy_options::overwrite_existing);
    return to;
  }
};

TEST_F(TlsCertificatesTest, AreChosenByTheNameThatIsAskedFor) {
  const TestCertificate one({"one.example"});
  const TestCertificate two({"two.example", "*.two.example"});
  const TestCertificate exact({"mx.two.example"});
  serve({.pairs = {files_of(one), files_of(two), files_of(exact)}});
  EXPECT_TRUE(shows(one, "one.example"));
  EXPECT_TRUE(shows(two, "two.example"));
  EXPECT_TRUE(shows(two, "TWO.example"));
  EXPECT_TRUE(shows(two, "a.two.example"));
  EXPECT_TRUE(shows(exact, "mx.two.example")) << "an exact name goes before a wildcard";
  EXPECT_EQ(ours_->tls()->server_name, "mx.two.example");
  // A wildcard stands for one label; other names, and none, get the default.
  const auto standard = ours_certificates_->choose("one.example");
  for (const std::string_view name : {"a.b.two.example", "other.example", ".two.example", ""})
    EXPECT_EQ(ours_certificates_->choose(name), standard) << name;
}

TEST_F(TlsCertificatesTest, OfTwoKindsOfKeyStandSideBySide) {
  const TestCertificate ecdsa({"mail.example"});
  const TestCertificate old({"mail.example"}, rsa());
  serve({.pairs = {files_of(ecdsa), files_of(old)}});
  EXPECT_EQ(ours_certificates_->choose("").size(), 2U);
  EXPECT_TRUE(shows(ecdsa, "mail.example", "ECDSA+SHA256"));
  EXPECT_TRUE(shows(old, "mail.example", "RSA-PSS+SHA256:RSA+SHA256:ECDSA+SHA256"));
}

TEST_F(TlsCertificatesTest, AreFoundInTheLayoutsOfCertbotLegoAndKubernetes) {
  const TestCertificate certbot({"certbot.example"});
  const TestCertificate lego({"lego.example"});
  const TestCertificate kubernetes({"kubernetes.example"});
  place(certbot, "certbot.example/fullchain.pem", "certbot.example/privkey.pem");
  place(lego, "lego.example.crt", "lego.example.key");
  static_cast<void>(folder_.write("lego.example.issuer.crt", "not looked at"));
  place(kubernetes, "secret/..2026/tls.crt", "secret/..2026/tls.key");
  const fs::path secret = folder_.path() / "secret";
  fs::create_directory_symlink("..2026", secret / "..data");
  fs::create_symlink("..data/tls.crt", secret / "tls.crt");
  fs::create_symlink("..data/tls.key", secret / "tls.key");
  serve({.pairs = {}, .directory = folder_.path(), .hostname = "lego.example"});
  EXPECT_TRUE(shows(certbot, "certbot.example"));
  EXPECT_TRUE(shows(lego, "lego.example"));
  EXPECT_TRUE(shows(kubernetes, "kubernetes.example"));
  EXPECT_EQ(ours_certificates_->choose(""), ours_certificates_->choose("lego.example"));
}

TEST_F(TlsCertificatesTest, TakeEffectWhenTheLinksOfCertbotAreSwapped) {
  const TestCertificate first({"mail.example"});
  const TestCertificate second({"mail.example"});
  place(first, "archive/cert1.pem", "archive/key1.pem");
  place(second, "archive/cert2.pem", "archive/key2.pem");
  const fs::path live = folder_.path() / "live" / "mail.example";
  fs::create_directories(live);
  const auto link = [&](const std::string& file, const std::string& target) {
    fs::remove(live / file);
    fs::create_symlink("../../archive/" + target, live / file);
  };
  link("fullchain.pem", "cert1.pem");
  link("privkey.pem", "key1.pem");
  serve({.pairs = {}, .directory = folder_.path() / "live"});
  link("privkey.pem", "key2.pem");
  const auto between = look();
  EXPECT_THAT(between.changed, IsEmpty());
  EXPECT_THAT(between.refused, ElementsAre(HasSubstr("does not belong"))) << "told once";
  EXPECT_TRUE(shows(first, "mail.example"));
  link("fullchain.pem", "cert2.pem");
  const auto after = look();
  EXPECT_THAT(after.changed, ElementsAre(HasSubstr("mail.example")));
  EXPECT_THAT(after.refused, IsEmpty());
  EXPECT_TRUE(shows(second, "mail.example"));
  EXPECT_THAT(look().changed, IsEmpty());
}

TEST_F(TlsCertificatesTest, TakeEffectWhenKubernetesSwapsItsFolder) {
  const TestCertificate first({"mail.example"});
  const TestCertificate second({"mail.example"});
  place(first, "..1/tls.crt", "..1/tls.key");
  place(second, "..2/tls.crt", "..2/tls.key");
  fs::create_directory_symlink("..1", folder_.path() / "..data");
  fs::create_symlink("..data/tls.crt", folder_.path() / "tls.crt");
  fs::create_symlink("..data/tls.key", folder_.path() / "tls.key");
  serve({.pairs = {}, .directory = folder_.path()});
  EXPECT_TRUE(shows(first, "mail.example"));
  fs::create_directory_symlink("..2", folder_.path() / "..data_tmp");
  fs::rename(folder_.path() / "..data_tmp", folder_.path() / "..data");
  EXPECT_EQ(look().changed.size(), 1U);
  EXPECT_TRUE(shows(second, "mail.example"));
}

TEST_F(TlsCertificatesTest, OfAHalfWrittenFileAreRefusedAndTheOldOnesStay) {
  const TestCertificate first({"mail.example"});
  const TestCertificate second({"mail.example"});
  const fs::path file = place(first, "mail.crt", "mail.key");
  serve({.pairs = {{file, folder_.path() / "mail.key"}}});
  place(second, "mail.crt", "mail.key");
  fs::resize_file(file, fs::file_size(file) - 20);
  EXPECT_THAT(look().refused, ElementsAre(HasSubstr("no usable certificate")));
  EXPECT_TRUE(shows(first, "mail.example"));
  fs::remove(file);
  EXPECT_THAT(look().refused, ElementsAre(HasSubstr("cannot open")));
  EXPECT_TRUE(shows(first, "mail.example"));
  place(second, "mail.crt", "mail.key");
  EXPECT_EQ(look().changed.size(), 1U);
  EXPECT_TRUE(shows(second, "mail.example"));
}

TEST_F(TlsCertificatesTest, OfAFolderComeAndGo) {
  const TestCertificate one({"one.example"});
  const TestCertificate two({"two.example"});
  place(one, "one.crt", "one.key");
  serve({.pairs = {}, .directory = folder_.path()});
  place(two, "two.crt", "two.key");
  EXPECT_THAT(look().changed, ElementsAre(HasSubstr("two.example")));
  EXPECT_TRUE(shows(two, "two.example"));
  fs::remove(folder_.path() / "two.crt");
  EXPECT_THAT(look().changed, ElementsAre(HasSubstr("gone")));
  fs::remove(folder_.path() / "one.crt");
  EXPECT_THAT(look().changed, IsEmpty()) << "the last one stays";
  EXPECT_TRUE(shows(one, "one.example"));
}

TEST_F(TlsCertificatesTest, AreRefusedWholeAtTheStart) {
  const auto empty = TlsCertificates::open({.pairs = {}, .directory = folder_.path()});
  ASSERT_FALSE(empty);
  EXPECT_THAT(empty.error().text, HasSubstr("no certificate with its key"));
  EXPECT_FALSE(TlsCertificates::open({.pairs = {}, .directory = folder_.path() / "missing"}));
}

}  // namespace
}  // namespace sekisho::test
