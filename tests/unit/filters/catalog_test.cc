#include "filters/catalog.h"

#include <filesystem>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "filters/dkim/key.h"
#include "filters/example.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/filters/bench.h"

namespace sekisho::filters::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using Texts = std::vector<std::string>;

// What a filter can't do without.
std::map<std::string, std::any> required_of(std::string_view filter) {
  if (filter == "spf_outgoing") return {{"addresses", Texts{"192.0.2.25"}}};
  static const test::TempDir dir;
  if (filter == "rules") return {{"file", dir.write("it.rules", "# none yet\n")}};
  if (filter != "arc_seal") return {};
  const auto key = dkim::SigningKey::generate(dkim::Algorithm::ed25519_sha256, 0);
  const std::filesystem::path file = dir.write("arc.pem", key->to_pem()->reveal());
  std::filesystem::permissions(file, std::filesystem::perms::owner_read);
  return {{"domain", std::string("example.com")}, {"selector", std::string("s")}, {"key", file}};
}

TEST(Catalog, ListsEveryFilterOnceAndEachDocumentsItsSettings) {
  std::set<std::string_view> names;
  for (const CatalogEntry& entry : catalog()) {
    EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
    EXPECT_EQ(find_in_catalog(entry.name), &entry);
    EXPECT_FALSE(entry.summary.empty()) << entry.name;
    const auto blueprint = entry.make();
    TestSettings settings(required_of(entry.name));
    blueprint->visit(settings);
    EXPECT_THAT(settings.errors, IsEmpty()) << entry.name << ": its defaults are wrong";
    EXPECT_FALSE(settings.docs.empty()) << entry.name;
    for (const auto& [key, doc] : settings.docs) {
      EXPECT_TRUE(doc.ends_with('.')) << entry.name << "." << key;
    }
    EXPECT_TRUE(blueprint->build()) << entry.name;
  }
  EXPECT_EQ(names, (std::set<std::string_view>{"arc", "arc_seal", "attachments", "dkim",
                                               "dkim_sign", "dmarc", "example", "headers",
                                               "rate_limit", "rules", "spf", "spf_outgoing"}));
}

TEST(Catalog, KnowsNoOtherFilter) { EXPECT_EQ(find_in_catalog("exampl"), nullptr); }

TEST(Example, RefusesListedSenderDomainsAndWhatIsBelowThem) {
  struct Case {
    const char* sender;
    bool refused;
  };
  Bench bench;
  const auto blueprint = make_example();
  const auto filter = build(*blueprint, {{"refuse_domains", Texts{"Spam.Example"}}});
  for (const Case& each : {Case{"a@spam.example", true}, Case{"a@SPAM.example", true},
                           Case{"a@mail.spam.example", true}, Case{"a@notspam.example", false},
                           Case{"a@spam.example.org", false}, Case{"a@example", false}}) {
    bench.envelope.sender = *smtp::parse_mailbox(each.sender);
    auto run = bench.open(filter);
    EXPECT_EQ(bench.run(*run, Stage::mail).verdict.refuses(), each.refused) << each.sender;
  }
  bench.envelope.sender.reset();
  auto run = bench.open(filter);
  EXPECT_FALSE(bench.run(*run, Stage::mail).verdict.refuses());
}

TEST(Example, ReportsSettingsThatAreWrong) {
  EXPECT_THAT(setting_errors(*make_example(), {{"refuse_domains", Texts{"a@b", "ok.example", ""}}}),
              SizeIs(2));
  for (const char* text : {"", "line\r\nbreak",
                           "gr\xc3\xbc\xc3\x9f"
                           "e"}) {
    EXPECT_THAT(setting_errors(*make_example(), {{"text", std::string(text)}}), SizeIs(1)) << text;
  }
}

}  // namespace
}  // namespace sekisho::filters::testing
