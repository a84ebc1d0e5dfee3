#include "gateway/base/time.h"

#include <array>

#include <fmt/format.h>

namespace sekisho {
namespace {

// Broken-down UTC by <chrono>: gmtime_r() takes glibc's time-zone lock and strftime() speaks the
// locale's language, and neither may happen here.
struct Calendar {
  std::chrono::year_month_day date;
  std::chrono::weekday weekday;
  std::chrono::hh_mm_ss<std::chrono::milliseconds> clock;
};

Calendar calendar(WallTime when) {
  const auto millis = std::chrono::floor<std::chrono::milliseconds>(when);
  const auto day = std::chrono::floor<std::chrono::days>(millis);
  return {.date = std::chrono::year_month_day(day),
          .weekday = std::chrono::weekday(day),
          .clock = std::chrono::hh_mm_ss(millis - day)};
}

constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

}  // namespace

std::string iso8601_utc(WallTime when) {
  const auto [date, weekday, clock] = calendar(when);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

std::string rfc5322_date(WallTime when) {
  const auto [date, weekday, clock] = calendar(when);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} +0000", kDays[weekday.c_encoding()],
                     static_cast<unsigned>(date.day()),
                     kMonths[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
                     clock.seconds().count());
}

}  // namespace sekisho
