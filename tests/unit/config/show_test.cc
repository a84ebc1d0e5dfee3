#include <gtest/gtest.h>

#include "tests/unit/config/config_test_support.h"

namespace sekisho::config {
namespace {

const std::string kRich =
    "threads = 3\nstate_directory = \"/tmp/sek\\\"isho\"\nfilters = [\"a\", \"headers\"]\n" +
    good_config() +
    "[limits]\nmax_message_size = \"25MB\"\nmax_header_size = \"100KiB\"\n"
    "[timeouts]\ncommand = \"90s\"\nreply = \"1500ms\"\n"
    "[auth.throttle]\nfirst_delay = \"2s\"\n"
    "[upstream.b]\nhost = \"2001:db8::1\"\npriority = 5\ntls = \"never\"\n"
    "[upstream.a]\nhost = \"mail.example.com\"\n"
    "[log]\nformat = \"json\"\n"
    "[filter.a]\nuse = \"example\"\nrefuse_domains = [\"bad.example\"]\nmode = \"observe\"\n";

Loaded load_good(std::string_view text, const std::filesystem::path& name) {
  auto loaded = load_text(text, name);
  EXPECT_TRUE(loaded) << rendered(loaded.error()) << text;
  return loaded ? std::move(*loaded) : Loaded{};
}

std::string without_comments(const std::string& text) {
  std::string result;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = text.find('\n', start);
    const std::string line = text.substr(start, end - start);
    const std::string value = line.substr(0, line.find("  # "));
    result += value.substr(0, value.find_last_not_of(' ') + 1) + '\n';
    start = end + 1;
  }
  return result;
}

TEST(Show, PrintsWhatCanBeLoadedAgainToTheSameEffect) {
  const std::string first = show(load_good(kRich, "/x/t.toml"));
  const std::string second = show(load_good(first, "/y/u.toml"));
  EXPECT_EQ(without_comments(first), without_comments(second));
  EXPECT_NE(first.find("max_message_size = \"25MB\""), std::string::npos) << first;
  EXPECT_NE(first.find("refuse_domains = [\"bad.example\"]"), std::string::npos) << first;
}

TEST(Show, SaysWhereEachValueWasSet) {
  const std::string text = show(load_good("threads = 3\n" + good_config(), "/x/t.toml"));
  EXPECT_NE(text.find("threads = 3"), std::string::npos);
  EXPECT_TRUE(text.contains("# /x/t.toml:1\n")) << text;
  EXPECT_TRUE(text.contains("max_errors = 20 ")) << text;
  EXPECT_TRUE(text.contains("# default\n")) << text;
}

TEST(Show, InheritedFiltersHaveTheOriginOfTheListOnTop) {
  const std::string text =
      show(load_good("filters = [\"headers\"]\n" + good_config(), "/x/t.toml"));
  const auto listener = text.find("[listener.in]");
  ASSERT_NE(listener, std::string::npos) << text;
  const auto filters = text.find("filters = [\"headers\"]", listener);
  ASSERT_NE(filters, std::string::npos) << text;
  const std::string line = text.substr(filters, text.find('\n', filters) - filters);
  EXPECT_TRUE(line.ends_with("# /x/t.toml:1")) << line;
}

TEST(Show, FileNameCannotBreakOutOfTheComment) {
  const std::string text = show(load_good("threads = 3\n" + good_config(), "/x/a\nevil = 1"));
  EXPECT_FALSE(text.contains("\nevil")) << text;
  (void)load_good(text, "t.toml");
}

}  // namespace
}  // namespace sekisho::config
