#include <cerrno>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/base/error.h"
#include "gateway/base/time.h"

namespace sekisho {
namespace {

WallTime at(std::int64_t millis) { return WallTime(std::chrono::milliseconds(millis)); }

TEST(Error, HasADifferentWordForEachKind) {
  std::set<std::string_view> words;
  for (int kind = 0; kind <= static_cast<int>(ErrorKind::limit); ++kind) {
    words.insert(to_string(static_cast<ErrorKind>(kind)));
  }
  EXPECT_EQ(words.size(), 8U);
  EXPECT_FALSE(words.contains("unknown"));
}

TEST(Error, CarriesTheSystemsWords) {
  const auto error = system_error(ErrorKind::io, "cannot open x", ENOENT);
  EXPECT_EQ(error.kind, ErrorKind::io);
  EXPECT_EQ(error.text, "cannot open x: No such file or directory");
}

TEST(Time, PrintsIsoTimesWithMilliseconds) {
  EXPECT_EQ(iso8601_utc(at(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(iso8601_utc(at(1795502476123)), "2026-11-24T06:41:16.123Z");
  EXPECT_EQ(iso8601_utc(at(951827696789)), "2000-02-29T12:34:56.789Z");
  EXPECT_EQ(iso8601_utc(at(-1)), "1969-12-31T23:59:59.999Z");
}

TEST(Time, PrintsMailDates) {
  EXPECT_EQ(rfc5322_date(at(1795502476123)), "Tue, 24 Nov 2026 06:41:16 +0000");
  EXPECT_EQ(rfc5322_date(at(951827696789)), "Tue, 29 Feb 2000 12:34:56 +0000");
  EXPECT_EQ(rfc5322_date(at(0)), "Thu, 01 Jan 1970 00:00:00 +0000");
}

TEST(Deadline, ComparesAndCountsDown) {
  const TimePoint start{};
  const auto soon = Deadline::at(start + 5s);
  EXPECT_EQ(soon.remaining(start + 2s), 3s);
  EXPECT_EQ(soon.remaining(start + 9s), 0s);
  EXPECT_FALSE(soon.passed(start + 4s));
  EXPECT_TRUE(soon.passed(start + 5s));
  EXPECT_EQ(Deadline::never().remaining(start), Duration::max());
  EXPECT_EQ(Deadline::never().or_sooner(soon).when(), soon.when());
  EXPECT_TRUE(Deadline::never().or_sooner(Deadline::never()).is_never());
}

}  // namespace
}  // namespace sekisho
