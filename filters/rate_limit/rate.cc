#include "filters/rate_limit/rate.h"

#include <array>
#include <optional>

#include "gateway/base/text.h"

namespace sekisho::filters {
namespace {

constexpr std::uint64_t kMaxCount = 1'000'000;
constexpr Duration kMaxPeriod = std::chrono::days(31);
// What is multiplied later stays far from the end of the clock's range.
constexpr Duration kMaxBurstTime = std::chrono::days(366);

struct Unit {
  char letter;
  Duration length;
};
constexpr std::array kUnits{Unit{'d', std::chrono::days(1)}, Unit{'h', std::chrono::hours(1)},
                            Unit{'m', std::chrono::minutes(1)}, Unit{'s', std::chrono::seconds(1)}};

std::optional<Duration> parse_period(std::string_view text) {
  if (text.empty()) return std::nullopt;
  for (const Unit& unit : kUnits) {
    if (text.back() != unit.letter) continue;
    text.remove_suffix(1);
    const auto number = text.empty() ? 1 : parse_uint(text);
    if (!number || *number == 0) return std::nullopt;
    if (*number > static_cast<std::uint64_t>(kMaxPeriod / unit.length)) return std::nullopt;
    return unit.length * static_cast<std::int64_t>(*number);
  }
  return std::nullopt;
}

std::optional<std::uint64_t> parse_count(std::string_view text) {
  const auto number = parse_uint(text);
  if (!number || *number == 0 || *number > kMaxCount) return std::nullopt;
  return number;
}

std::unexpected<Error> flaw(std::string_view text, std::string_view what) {
  return fail(ErrorKind::invalid, "\"" + std::string(text) +
                                      "\" is not a limit: " + std::string(what) +
                                      "; write \"200/1h\" or \"200/1h burst 50\"");
}

}  // namespace

Result<Rate> Rate::parse(std::string_view text) {
  const std::string_view trimmed = trim(text);
  const auto slash = trimmed.find('/');
  if (slash == std::string_view::npos) return flaw(text, "the slash is missing");

  Rate rate;
  const auto count = parse_count(trim(trimmed.substr(0, slash)));
  if (!count) return flaw(text, "the count must be a whole number from 1 to 1000000");
  rate.count = *count;
  rate.burst = *count;

  std::string_view rest = trim(trimmed.substr(slash + 1));
  const auto blank = rest.find(' ');
  const auto period = parse_period(rest.substr(0, blank));
  if (!period) return flaw(text, "the period must be like 30s, 1m, 1h or 1d, at most 31d");
  rate.period = *period;

  if (blank != std::string_view::npos) {
    rest = trim(rest.substr(blank));
    if (!rest.starts_with("burst ")) return flaw(text, "only \"burst\" may follow the period");
    const auto burst = parse_count(trim(rest.substr(6)));
    if (!burst) return flaw(text, "the burst must be a whole number from 1 to 1000000");
    rate.burst = *burst;
  }
  if (rate.interval() > kMaxBurstTime / static_cast<std::int64_t>(rate.burst)) {
    return flaw(text, "at this rate the burst would take more than a year to come back");
  }
  return rate;
}

Duration Rate::interval() const {
  const auto places = static_cast<std::int64_t>(count);
  return Duration((period.count() + places - 1) / places);
}

std::string Rate::to_string() const {
  std::string out = std::to_string(count) + "/";
  for (const Unit& unit : kUnits) {
    if (period % unit.length != Duration::zero()) continue;
    out += std::to_string(period / unit.length) + unit.letter;
    break;
  }
  if (burst != count) out += " burst " + std::to_string(burst);
  return out;
}

}  // namespace sekisho::filters
