#include "rules/facts/session_values.h"

#include <array>
#include <ctime>

#include "gateway/base/text.h"

namespace sekisho::rules::facts {
namespace {

constexpr std::array<std::string_view, 7> kWeekdays = {"sunday",   "monday", "tuesday", "wednesday",
                                                       "thursday", "friday", "saturday"};

CivilTime civil(const std::tm& when) {
  using namespace std::chrono;
  const sys_days day = year(when.tm_year + 1900) / (when.tm_mon + 1) / when.tm_mday;
  return {.minute = static_cast<std::uint64_t>(when.tm_hour * 60 + when.tm_min),
          .day = static_cast<std::uint64_t>(day.time_since_epoch().count()),
          .weekday = kWeekdays.at(static_cast<std::size_t>(when.tm_wday))};
}

}  // namespace

MailAddress MailAddress::of(std::string_view text) {
  const auto at = text.rfind('@');
  if (at == std::string_view::npos) return {std::string(text), std::string(text), {}};
  MailAddress out;
  out.local = text.substr(0, at);
  out.domain = to_lower(text.substr(at + 1));
  out.address = out.local + '@' + out.domain;
  return out;
}

CivilTime CivilTime::local(WallTime when) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(when);
  std::tm broken{};
  localtime_r(&seconds, &broken);
  return civil(broken);
}

CivilTime CivilTime::utc(WallTime when) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(when);
  std::tm broken{};
  gmtime_r(&seconds, &broken);
  return civil(broken);
}

}  // namespace sekisho::rules::facts
