#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "filters/catalog.h"
#include "tests/unit/config/config_test_support.h"

namespace sekisho::config {
namespace {

namespace fs = std::filesystem;

fs::path project_file(const std::string& name) { return fs::path(SEKISHO_SOURCE_DIR) / name; }

std::string content(const fs::path& file) {
  std::ifstream in(file);
  EXPECT_TRUE(in) << file;
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Reference, NamesSettingsOfEveryTableWithDefaults) {
  const std::string text = reference();
  for (const std::string part :
       {"\n  hostname = \"\"", "[limits]", "max_message_size = \"50MiB\"", "[timeouts]",
        "command = \"5m\"", "[auth.throttle]", "[listener.NAME]", "profile = \"mx\"",
        "[upstream.NAME]", "tls = \"opportunistic\"", "[filter.NAME]", "on_error = \"defer\"",
        "\"enforce\", \"observe\""}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
  for (const filters::CatalogEntry& entry : filters::catalog()) {
    const std::string header = "[filter.NAME], use = \"" + std::string(entry.name) + "\"";
    EXPECT_NE(text.find(header), std::string::npos) << header;
  }
}

TEST(Reference, TellsWhatAllFiltersShareOnce) {
  const std::string text = reference();
  const auto first = text.find("\n  on_error = ");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(text.find("\n  on_error = ", first + 1), std::string::npos);
}

TEST(Reference, FitsATerminal) {
  const std::string text = reference();
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = text.find('\n', start);
    EXPECT_LE(end - start, 100U) << text.substr(start, end - start);
    start = end + 1;
  }
}

TEST(Reference, EverySettingHasItsSentence) {
  const std::string text = reference();
  for (std::size_t at = text.find("\n  "); at != std::string::npos;
       at = text.find("\n  ", at + 1)) {
    if (text[at + 3] == ' ') continue;  // a sentence, not a key
    const std::size_t next = text.find('\n', at + 1) + 1;
    EXPECT_EQ(text.substr(next, 6), "      ") << text.substr(at, 80);
    EXPECT_NE(text[next + 6], '\n') << text.substr(at, 80);
  }
}

TEST(Reference, ManualPageInTheTreeIsTheGeneratedOne) {
  EXPECT_EQ(content(project_file("contrib/man/sekisho.toml.5")), reference_troff())
      << "settings have changed; make the page again:\n"
         "  build/release/sekisho config reference --troff > contrib/man/sekisho.toml.5";
}

TEST(Reference, ManualPageHasNoLineThatTroffTakesForARequestByMistake) {
  const std::string text = reference_troff();
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = text.find('\n', start);
    const std::string line = text.substr(start, end - start);
    EXPECT_FALSE(line.starts_with('\'')) << line;
    if (line.starts_with('.')) {
      EXPECT_TRUE(line.starts_with(".S") || line.starts_with(".T") || line.starts_with(".B") ||
                  line.starts_with(".I") || line.starts_with(".P") || line.starts_with(".\\\""))
          << line;
    }
    start = end + 1;
  }
}

TEST(Example, LoadsButForTheFilesThatAnAdministratorMustBring) {
  const fs::path file = project_file("contrib/examples/sekisho.toml");
  const auto errors = errors_of(load_text(content(file), file));
  for (const Diagnostic& error : errors) {
    EXPECT_NE(error.message.find("No such file"), std::string::npos) << error.render();
  }
  EXPECT_LE(errors.size(), 3U) << rendered(errors);  // certificate, key, users
}

TEST(Example, HasNoLineInCommentsThatIsNoLongerASetting) {
  // "#key = value" is a setting to switch on; "# text" is prose.
  const fs::path file = project_file("contrib/examples/sekisho.toml");
  std::string text = content(file);
  for (std::size_t at = text.find("\n#"); at != std::string::npos; at = text.find("\n#", at + 1)) {
    const char next = text[at + 2];
    if (next != ' ' && next != '\n' && next != '#') text.erase(at + 1, 1);
  }
  for (const Diagnostic& error : errors_of(load_text(text, file))) {
    EXPECT_TRUE(error.message.contains("No such file") || error.message.contains("no folder"))
        << error.render();
  }
}

}  // namespace
}  // namespace sekisho::config
