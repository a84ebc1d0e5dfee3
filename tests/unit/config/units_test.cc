#include "gateway/config/units.h"

#include <gtest/gtest.h>

namespace sekisho::config {
namespace {

using std::chrono::milliseconds;

TEST(Units, ReadsSizesInPowersOfThousandAndOf1024) {
  const std::vector<std::pair<std::string, std::uint64_t>> cases = {
      {"0B", 0},           {"512B", 512},        {"1KB", 1000},
      {"1KiB", 1024},      {"25MB", 25000000},   {"25MiB", 26214400},
      {"2GB", 2000000000}, {"1GiB", 1073741824}, {"64kib", 64 * 1024},
      {"10 MB", 10000000},
  };
  for (const auto& [text, count] : cases) {
    const auto size = parse_size(text);
    ASSERT_TRUE(size) << text;
    EXPECT_EQ(size->count, count) << text;
  }
}

TEST(Units, RefusesSizesThatSayNothingClear) {
  for (const std::string text : {"", "25", "MB", "-1MB", "1.5MB", "25M", "25MBs", "0x10B", "+5B",
                                 "99999999999999999999B", "9999999999GiB", "5s", "MB25"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
}

TEST(Units, ReadsDurations) {
  const std::vector<std::pair<std::string, std::int64_t>> cases = {
      {"0s", 0},       {"500ms", 500},    {"30s", 30000},   {"5m", 300000},
      {"1h", 3600000}, {"2d", 172800000}, {"1 h", 3600000},
  };
  for (const auto& [text, count] : cases) {
    const auto duration = parse_duration(text);
    ASSERT_TRUE(duration) << text;
    EXPECT_EQ(duration->count(), count) << text;
  }
}

TEST(Units, RefusesDurationsThatSayNothingClear) {
  for (const std::string text : {"", "30", "s", "-5s", "1.5h", "1h30m", "30sec", "5w", "367d",
                                 "99999999999999999999s", "9223372036854775807d"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Units, WritesWhatTheyReadBackExactly) {
  for (const std::uint64_t count :
       {0UL, 1UL, 1000UL, 1024UL, 1025UL, 1536UL, 52428800UL, 25000000UL, 1UL << 40, 999999999UL}) {
    const auto back = parse_size(format_size(Bytes{count}));
    ASSERT_TRUE(back) << count;
    EXPECT_EQ(back->count, count);
  }
  for (const std::int64_t count :
       {0L, 1L, 999L, 1000L, 1001L, 60000L, 3600000L, 86400000L, 90000L}) {
    const auto back = parse_duration(format_duration(milliseconds(count)));
    ASSERT_TRUE(back) << count;
    EXPECT_EQ(back->count(), count);
  }
}

TEST(Units, WritesTheLargestUnitThatFits) {
  EXPECT_EQ(format_size(Bytes{50UL * 1024 * 1024}), "50MiB");
  EXPECT_EQ(format_size(Bytes{25'000'000}), "25MB");
  EXPECT_EQ(format_size(Bytes{1025}), "1025B");
  EXPECT_EQ(format_duration(milliseconds(480'000)), "8m");
  EXPECT_EQ(format_duration(milliseconds(90'000)), "90s");
}

}  // namespace
}  // namespace sekisho::config
