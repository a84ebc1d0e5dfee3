// What a reload keeps of an upstream.
#include "gateway/upstream/upstream.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "gateway/base/file_watch.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_certificate.h"

namespace sekisho::upstream {
namespace {

UpstreamSettings settings_with(const std::filesystem::path& authorities = {}) {
  UpstreamSettings settings;
  settings.host = "mta.example.com";
  settings.tls = TlsMode::verify;
  settings.tls_ca_file = authorities;
  return settings;
}

TEST(Upstream, StaysTheSameObjectWhenNothingHasChanged) {
  const auto first = Upstream::make("a", settings_with(), "gw.example").value();
  const auto other = Upstream::make("b", settings_with(), "gw.example").value();
  EXPECT_EQ(Upstream::make("a", settings_with(), "gw.example", {other, first}).value(), first);
}

TEST(Upstream, IsAnotherUnderAnotherNameOrWithOtherSettings) {
  const auto first = Upstream::make("a", settings_with(), "gw.example").value();
  EXPECT_NE(Upstream::make("b", settings_with(), "gw.example", {first}).value(), first);
  auto changed = settings_with();
  changed.port = 2525;
  EXPECT_NE(Upstream::make("a", changed, "gw.example", {first}).value(), first);
}

TEST(Upstream, IsAnotherOnceOurOwnNameHasChanged) {
  const auto first = Upstream::make("a", settings_with(), "gw.example").value();
  const auto next = Upstream::make("a", settings_with(), "mx.example", {first}).value();
  EXPECT_NE(next, first);
  EXPECT_EQ(next->hostname, "mx.example");
}

TEST(Upstream, IsAnotherOnceItsAuthoritiesHaveChanged) {
  const test::TestCertificate certificate;
  const test::TempDir folder;
  const auto file = folder.path() / "ca.pem";
  std::filesystem::copy_file(certificate.ca_file(), file);
  while (!is_final_stamp(file_stamp(file))) {
  }
  const auto first = Upstream::make("a", settings_with(file), "gw.example").value();
  EXPECT_EQ(Upstream::make("a", settings_with(file), "gw.example", {first}).value(), first);
  std::filesystem::copy_file(certificate.ca_file(), file,
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_NE(Upstream::make("a", settings_with(file), "gw.example", {first}).value(), first);
  std::filesystem::remove(file);
  const auto without = Upstream::make("a", settings_with(file), "gw.example", {first});
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().text.substr(0, 12), "upstream a: ");
}

}  // namespace
}  // namespace sekisho::upstream
