// LogLine of log.h: how a line looks. Nothing that a peer sent may end a line, begin a pair or
// reach a terminal as a control sequence.
#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "gateway/base/encode.h"
#include "gateway/base/log.h"
#include "gateway/base/text.h"
#include "gateway/base/utf8.h"

namespace sekisho {
namespace {

std::string_view to_string(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "error";
}

// Keys and events are written by us, but a mistake here would be an injection: better a '_'.
std::string as_name(std::string_view text) {
  std::string name(text.empty() ? "_" : text);
  std::ranges::replace_if(
      name, [](char c) { return !is_alnum(c) && c != '_' && c != '-' && c != '.'; }, '_');
  return name;
}

bool can_stand_bare(std::string_view value) {
  return !value.empty() && std::ranges::all_of(value, [](char c) {
    return c > ' ' && c <= '~' && c != '"' && c != '=' && c != '\\';
  });
}

std::string logfmt_value(std::string_view value, std::size_t max) {
  std::string encoded = encode_for_log(value, max);
  return can_stand_bare(encoded) ? encoded : '"' + encoded + '"';
}

std::string json_string(std::string_view value, std::size_t max) {
  std::string shown(value.substr(0, max));
  if (value.size() > max) {
    // Not in the middle of a character: step back over its continuation bytes.
    while (!shown.empty() && !is_utf8(shown) && shown.size() + 4 > max) shown.pop_back();
    shown += "…";
  }
  // ASCII only: bidirectional overrides and C1 controls are written as \uXXXX like the rest. dump()
  // throws on invalid UTF-8 unless told to replace it.
  return nlohmann::json(std::move(shown))
      .dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

}  // namespace

LogLine::LogLine(std::string_view event, LogLevel level) : event_(as_name(event)), level_(level) {}

LogLine& LogLine::src(const Endpoint& peer) & {
  if (peer == Endpoint{}) {  // no client has that address: it came by a Unix socket
    src_ = "unix";
    return *this;
  }
  src_ = fmt::format("[{}]:{}", peer.address.to_string(), peer.port);
  return *this;
}

LogLine& LogLine::add(std::string_view key, std::string_view value, std::size_t max) & {
  // Encoding never makes a value shorter, so what lies well behind `max` can't be shown.
  fields_.push_back({as_name(key), std::string(value.substr(0, max + 8)), max, false});
  return *this;
}

LogLine& LogLine::add_ms(std::string_view key, std::chrono::nanoseconds value) & {
  const std::chrono::duration<double, std::milli> millis = value;
  return raw(key, fmt::format("{:.2f}", millis.count()));
}

LogLine& LogLine::raw(std::string_view key, std::string value) {
  fields_.push_back({as_name(key), std::move(value), kMaxValueBytes, true});
  return *this;
}

std::string LogLine::render(LogFormat format, std::string_view iso_time) const {
  std::string line;
  auto out = std::back_inserter(line);
  if (format == LogFormat::json) {
    line += '{';
    if (!iso_time.empty()) fmt::format_to(out, R"("time":"{}",)", iso_time);
    fmt::format_to(out, R"("event":"{}")", event_);
    if (!src_.empty()) fmt::format_to(out, R"(,"src":"{}")", src_);
    fmt::format_to(out, R"(,"level":"{}")", to_string(level_));
    for (const auto& [key, value, max, bare] : fields_) {
      fmt::format_to(out, R"(,"{}":{})", key, bare ? value : json_string(value, max));
    }
    line += '}';
    return line;
  }
  if (!iso_time.empty()) fmt::format_to(out, "{} ", iso_time);
  line += event_;
  if (!src_.empty()) fmt::format_to(out, " src={}", src_);
  if (level_ >= LogLevel::warning) fmt::format_to(out, " level={}", to_string(level_));
  for (const auto& [key, value, max, bare] : fields_) {
    fmt::format_to(out, " {}={}", key, bare ? value : logfmt_value(value, max));
  }
  return line;
}

}  // namespace sekisho
