#include "gateway/reload.h"

#include <gtest/gtest.h>

#include "gateway/descriptor_limit.h"

namespace sekisho {
namespace {

config::Settings some_settings() {
  config::Settings settings;
  settings.log.file = "log";
  settings.threads = 2;
  settings.state_directory = "state";
  return settings;
}

TEST(FixedSettings, NamesWhatARestartAloneCanChange) {
  const FixedSettings fixed(some_settings(), false);
  EXPECT_EQ(fixed.changed_in(some_settings()), "");
  config::Settings now = some_settings();
  now.log.level = LogLevel::debug;
  now.log.format = LogFormat::json;
  now.log.file = "other";
  now.threads = 3;
  now.metrics_address = "127.0.0.1:9100";
  now.dns.servers = {"192.0.2.53"};
  EXPECT_EQ(fixed.changed_in(now),
            "log.level, log.format, log.file, threads, metrics_address, dns");
}

TEST(FixedSettings, TheStateDirectoryIsFixedForTheInboxAlone) {
  config::Settings now = some_settings();
  now.state_directory = "elsewhere";
  EXPECT_EQ(FixedSettings(some_settings(), false).changed_in(now), "");
  EXPECT_EQ(FixedSettings(some_settings(), true).changed_in(now), "state_directory of the inbox");
}

TEST(DescriptorLimit, WarnsWhenTheLimitIsBelowWhatIsAllowed) {
  config::Settings settings;
  settings.limits.max_connections = 1000;
  settings.upstreams["a"].max_connections = 50;
  settings.upstreams["b"].max_connections = 20;
  EXPECT_FALSE(warn_of_few_descriptors(1170, settings));
  const auto warning = warn_of_few_descriptors(1169, settings);
  ASSERT_TRUE(warning);
  EXPECT_EQ(warning->render(LogFormat::logfmt, ""),
            "few_descriptors level=warning limit=1169 needed=1170 hint=\"raise the limit of open "
            "files or lower limits.max_connections\"");
}

}  // namespace
}  // namespace sekisho
