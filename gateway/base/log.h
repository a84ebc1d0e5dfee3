// Log: one line an event: ISO time, the event's name, then key=value pairs (logfmt), or the same as
// a JSON object. Where a peer is involved, src=[addr]:port is the first pair, so that
// fail2ban and people find it in one place. Values are encoded here: no byte of a peer can break a
// line. Secrets can't be passed (Secret does not convert).
//
// Thread-safe. write() never blocks on the disk: lines go to a bounded queue that a thread of the
// logger empties; when it is full the oldest lines are dropped, and an event "log-overrun" says how
// many.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/ip.h"

namespace sekisho {

enum class LogLevel : std::uint8_t { debug, info, warning, error };
enum class LogFormat : std::uint8_t { logfmt, json };

// One event under construction: LogLine("message").src(peer).add("code", 250).
class LogLine {
 public:
  static constexpr std::size_t kMaxValueBytes = 512;

  explicit LogLine(std::string_view event, LogLevel level = LogLevel::info);

  LogLine& src(const Endpoint& peer) &;  // unspecified: a Unix socket's, src=unix
  // Longer values are cut to `max` bytes with "…".
  LogLine& add(std::string_view key, std::string_view value, std::size_t max = kMaxValueBytes) &;
  // A template, so that a string literal is never taken for a bool.
  template <std::same_as<bool> T>
  LogLine& add(std::string_view key, T value) & {
    return raw(key, value ? "true" : "false");
  }
  template <std::integral T>
    requires(!std::same_as<T, bool> && !std::same_as<T, char>)
  LogLine& add(std::string_view key, T value) & {
    return raw(key, std::to_string(value));
  }
  LogLine& add_ms(std::string_view key, std::chrono::nanoseconds value) &;  // "1.25", milliseconds
  // The same for a line that is made and written in one expression.
  LogLine&& src(const Endpoint& peer) && { return std::move(this->src(peer)); }
  template <class Value>
  LogLine&& add(std::string_view key, const Value& value) && {
    return std::move(this->add(key, value));
  }
  LogLine&& add(std::string_view key, std::string_view value, std::size_t max) && {
    return std::move(this->add(key, value, max));
  }
  LogLine&& add_ms(std::string_view key, std::chrono::nanoseconds value) && {
    return std::move(this->add_ms(key, value));
  }

  [[nodiscard]] LogLevel level() const { return level_; }
  // The finished line without its newline, as `format`; an empty time is left out. Used by Log and
  // by tests.
  [[nodiscard]] std::string render(LogFormat format, std::string_view iso_time) const;

 private:
  LogLine& raw(std::string_view key, std::string value);

  struct Field {
    std::string key;
    std::string value;
    std::size_t max;  // bytes of the value to show
    bool bare;        // a number or boolean that JSON writes without quotes
  };
  std::string event_;
  LogLevel level_;
  std::string src_;  // empty: no peer
  std::vector<Field> fields_;
};

class Log {
 public:
  struct Settings {
    LogLevel level = LogLevel::info;
    LogFormat format = LogFormat::logfmt;
    std::filesystem::path file;  // empty: standard error
  };

  static Result<std::unique_ptr<Log>> open(const Settings& settings);
  // Keeps lines (logfmt, without time, all levels) in memory instead of writing them; for tests.
  static std::unique_ptr<Log> in_memory();
  virtual ~Log() = default;

  [[nodiscard]] virtual bool enabled(LogLevel level) const = 0;
  virtual void write(const LogLine& line) = 0;
  // Opens the file anew, after logrotate moved it: soon, in the logger's thread.
  virtual void reopen() = 0;
  // Waits until what was written before is in the file, some seconds at most. For exit and tests.
  virtual void flush() = 0;
  // Lines lost so far: to a full queue, or to a file that could not be written.
  [[nodiscard]] virtual std::uint64_t dropped() const { return 0; }
  // What in_memory() kept so far; empty otherwise.
  [[nodiscard]] virtual std::vector<std::string> kept() const { return {}; }

  void info(const LogLine& line) { write(line); }
};

}  // namespace sekisho
