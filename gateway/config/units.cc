#include "gateway/config/units.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "gateway/base/text.h"

namespace sekisho::config {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// Largest first, so that formatting takes the first that divides.
constexpr std::array kSizeUnits{
    Unit{"GiB", 1ULL << 30},
    Unit{"GB", 1'000'000'000},
    Unit{"MiB", 1ULL << 20},
    Unit{"MB", 1'000'000},
    Unit{"KiB", 1ULL << 10},
    Unit{"KB", 1'000},
    Unit{"B", 1},
};
constexpr std::array kDurationUnits{
    Unit{"d", 86'400'000}, Unit{"h", 3'600'000}, Unit{"m", 60'000}, Unit{"s", 1'000}, Unit{"ms", 1},
};

constexpr std::uint64_t kMaxSize = 1ULL << 50;
constexpr std::uint64_t kMaxDuration = 366ULL * 86'400'000;  // far from where a clock overflows

constexpr std::string_view kSizeExamples =
    R"("25MB", "64KiB", "512B" (B, KB, KiB, MB, MiB, GB, GiB))";
constexpr std::string_view kDurationExamples = R"("500ms", "30s", "5m", "1h", "2d")";

Result<std::uint64_t> parse(std::string_view text, std::span<const Unit> units, std::uint64_t max,
                            std::string_view what, std::string_view examples) {
  const auto end = std::ranges::find_if_not(text, is_digit);
  const std::string_view digits(text.begin(), end);
  const std::string_view suffix = trim(std::string_view(end, text.end()));
  const std::optional<std::uint64_t> number = parse_uint(digits);
  if (digits.empty()) {
    return fail(ErrorKind::invalid, fmt::format("\"{}\" is no {}: write {}", text, what, examples));
  }
  if (suffix.empty()) {
    return fail(ErrorKind::invalid, fmt::format("\"{}\" has no unit: write {}", text, examples));
  }
  const auto unit =
      std::ranges::find_if(units, [&](const Unit& u) { return iequals(u.name, suffix); });
  if (unit == units.end()) {
    return fail(ErrorKind::invalid,
                fmt::format("\"{}\" is no unit of a {}: write {}", suffix, what, examples));
  }
  if (!number || *number > max / unit->factor) {
    return fail(ErrorKind::invalid, fmt::format("\"{}\" is too large a {}", text, what));
  }
  return *number * unit->factor;
}

std::string format(std::uint64_t count, std::span<const Unit> units) {
  const auto unit = std::ranges::find_if(
      units, [&](const Unit& u) { return count >= u.factor && count % u.factor == 0; });
  const Unit& used = unit == units.end() ? units.back() : *unit;
  return fmt::format("{}{}", count / used.factor, used.name);
}

}  // namespace

Result<Bytes> parse_size(std::string_view text) {
  const Result<std::uint64_t> count = parse(text, kSizeUnits, kMaxSize, "size", kSizeExamples);
  if (!count) return std::unexpected(count.error());
  return Bytes{*count};
}

std::string format_size(Bytes size) { return format(size.count, kSizeUnits); }

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const Result<std::uint64_t> count =
      parse(text, kDurationUnits, kMaxDuration, "duration", kDurationExamples);
  if (!count) return std::unexpected(count.error());
  return std::chrono::milliseconds(static_cast<std::int64_t>(*count));
}

std::string format_duration(std::chrono::milliseconds duration) {
  if (duration.count() <= 0) return "0s";
  return format(static_cast<std::uint64_t>(duration.count()), kDurationUnits);
}

}  // namespace sekisho::config
