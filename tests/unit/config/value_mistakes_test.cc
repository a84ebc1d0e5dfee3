// Mistakes in single values: each is planted into an otherwise good configuration, and must be the
// only error, at its place, in words that help.
#include <gtest/gtest.h>

#include "tests/unit/config/config_test_support.h"

namespace sekisho::config {
namespace {

constexpr Mistake kMistakes[] = {
    // Grammar.
    {"threads = 3x", 1, 11, "threads = \"3x\""},
    {"spool_memory = 64KiB", 1, 16, "spool_memory = \"64KiB\""},
    {"threads = ", 1, 11, "not valid TOML"},
    {"threads 4", 1, 9, "expected '='"},
    {"metrics_address = \"127.0.0.1:9100", 1, 34, "not valid TOML"},
    {"metrics_address = 127.0.0.1:9100", 1, 19, "need quotes"},
    {"threads = 1\nthreads = 2", 2, 1, "`threads` is set twice"},
    {"[limits]\nmax_errors = 3\n[limits]\nmax_received = 5", 3, 1, "[limits] is there twice"},
    {"[limits\nmax_errors = 3", 1, 8, "not valid TOML"},
    {"[relay]\nnetworks_may_be_public = yes\ndomains = [\"example.com\"]", 2, 26,
     "write networks_may_be_public = true"},
    {"[relay]\nnetworks_may_be_public = False\ndomains = [\"example.com\"]", 2, 26,
     "write networks_may_be_public = false"},
    // Unknown keys and tables.
    {"thread = 4", 1, 1, "did you mean `threads`?"},
    {"qwertyuiop = 4", 1, 1, "unknown key `qwertyuiop`"},
    {"[limit]\nmax_errors = 4", 1, 2, "did you mean `limits`?"},
    {"[limits]\nmax_recipient = 4", 2, 1, "did you mean `max_recipients`?"},
    {"[limits]\nthreads = 4", 2, 1, "`threads` belongs at the top"},
    {"max_recipients = 4", 1, 1, "`max_recipients` belongs under [limits]"},
    {"[listener.x]\nadress = \"127.0.0.1:26\"\nprofile = \"mx\"\naddress = \"127.0.0.1:27\"", 2, 1,
     "did you mean `address`?"},
    {"[upstream.x]\nhots = \"h\"\nhost = \"h\"", 2, 1, "unknown key `upstream.x.hots`"},
    {"[auth.throtle]\nfirst_delay = \"1s\"", 1, 7, "did you mean `throttle`?"},
    {"[log]\n\"le vel\" = \"info\"", 2, 1, "unknown key"},
    {"filters = [\"q\"]\n[filter.q]\nuse = \"example\"\ntimout = \"5s\"", 4, 1,
     "did you mean `timeout`?"},
    // Types.
    {"threads = \"4\"", 1, 11, "must be a number, not text"},
    {"threads = 4.5", 1, 11, "must be a number, not a fraction"},
    {"threads = true", 1, 11, "must be a number, not true or false"},
    {"threads = 1979-05-27", 1, 11, "not a date or time"},
    {"filters = \"example\"", 1, 11, "write filters = [\"example\"]"},
    {"filters = [3]", 1, 12, "the list holds text, not a number"},
    {"filters = [\"example\", true]", 1, 23, "filters[1]: the list holds text"},
    {"metrics_address = 9100", 1, 19, "must be text, not a number"},
    {"state_directory = [\"var\"]", 1, 19, "must be text, not a list"},
    {"limits = 5", 1, 10, "write its keys under [limits]"},
    {"upstream = \"mail.example.com\"", 1, 12, "write each as [upstream.NAME]"},
    {"[upstream]\nhost = \"mail.example.com\"", 2, 1, "put them under [upstream.NAME]"},
    {"[[upstream]]\nhost = \"mail.example.com\"", 1, 1, "must be tables with names, not a list"},
    {"[relay]\nnetworks_may_be_public = \"yes\"\ndomains = [\"example.com\"]", 2, 26,
     "must be true or false, not text"},
    {"[upstream.\"a b\"]\nhost = \"h\"", 1, 11, "no name for a table"},
    {"metrics_address = \"127.0.0.1:\\u0000\"", 1, 19, "control character"},
    // Sizes and durations.
    {"[limits]\nmax_message_size = 25", 2, 20, "write max_message_size = \"25MB\""},
    {"[limits]\nmax_message_size = \"25\"", 2, 20, "has no unit"},
    {"[limits]\nmax_message_size = \"25 apples\"", 2, 20, "\"apples\" is no unit of a size"},
    {"[limits]\nmax_message_size = \"large\"", 2, 20, "is no size"},
    {"[limits]\nmax_message_size = \"99999999999GB\"", 2, 20, "too large a size"},
    {"[limits]\nmax_message_size = true", 2, 20, "must be a size, not true or false"},
    {"[limits]\nmax_message_size = \"10KB\"", 2, 20, "at least 64KiB"},
    {"[limits]\nmax_header_size = \"10B\"", 2, 19, "at least 1KiB"},
    {"[timeouts]\ncommand = 300", 2, 11, "write command = \"300s\""},
    {"[timeouts]\ncommand = \"5 minutes\"", 2, 11, "\"minutes\" is no unit of a duration"},
    {"[timeouts]\ncommand = \"0s\"", 2, 11, "must be longer than nothing"},
    {"[timeouts]\ncommand = -5", 2, 11, "must be a duration, not a number"},
    {"[timeouts]\ndrain = \"400d\"", 2, 9, "too large a duration"},
    // Ranges.
    {"threads = -1", 1, 11, "must be from 0 to 1024, not -1"},
    {"threads = 5000", 1, 11, "must be from 0 to 1024, not 5000"},
    {"[limits]\nmax_recipients = 0", 2, 18, "must be from 1"},
    {"[limits]\nmax_command_line = 100", 2, 20, "from 512"},
    {"[limits]\nmax_text_line = 80", 2, 17, "at least 1000"},
    {"[upstream.x]\nhost = \"h\"\nport = 0", 3, 8, "from 1 to 65535"},
    {"[upstream.x]\nhost = \"h\"\nport = 70000", 3, 8, "from 1 to 65535"},
    // Words.
    {"[log]\nlevel = \"inof\"", 2, 9, "did you mean `info`?"},
    {"[log]\nformat = \"xml\"", 2, 10, "is none of logfmt, json"},
    {"[upstream.x]\nhost = \"h\"\ntls = \"verfy\"", 3, 7, "did you mean `verify`?"},
    {"[log]\nlevel = 3", 2, 9, "must be text, not a number"},
};

class ValueMistakes : public testing::TestWithParam<Mistake> {};

TEST_P(ValueMistakes, AreToldInTheirPlaceAndAlone) {
  const Mistake& mistake = GetParam();
  std::string text = std::string(kTop) + std::string(mistake.text) + "\n" + std::string(kMx);
  if (mistake.text.find("[relay]") == std::string_view::npos) text += kDomains;
  const auto errors = errors_of(load_text(text, "t.toml"));
  ASSERT_FALSE(errors.empty()) << text;
  EXPECT_EQ(errors.size(), 1U) << rendered(errors);
  const Diagnostic& error = errors.front();
  EXPECT_EQ(error.line, mistake.line + 1) << rendered(errors);
  EXPECT_EQ(error.column, mistake.column) << rendered(errors);
  EXPECT_NE((error.message + " | " + error.hint).find(mistake.told), std::string::npos)
      << rendered(errors);
}

INSTANTIATE_TEST_SUITE_P(Table, ValueMistakes, testing::ValuesIn(kMistakes));

TEST(ValueMistakes, GoodConfigurationHasNone) {
  EXPECT_EQ(rendered(errors_of(load_text(good_config(), "t.toml"))), "");
}

}  // namespace
}  // namespace sekisho::config
