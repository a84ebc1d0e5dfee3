// LogSink: where the logger's thread puts finished lines: a file or standard error. Lines that come
// while more wait in the queue are gathered and written with one system call. Opened by
// Log::open(); after that it runs in the logger's thread alone, but for request_reopen(),
// wait_until_flushed() and lost().
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include <spdlog/sinks/sink.h>

#include "gateway/base/error.h"
#include "gateway/base/log.h"

namespace spdlog::details {
class thread_pool;
}

namespace sekisho {

class LogSink final : public spdlog::sinks::sink {
 public:
  // An empty path is standard error.
  static Result<std::shared_ptr<LogSink>> open(std::filesystem::path file, LogFormat format);
  ~LogSink() override;
  LogSink(const LogSink&) = delete;
  LogSink& operator=(const LogSink&) = delete;

  // The queue that feeds this sink, asked whether more is waiting and what it had to drop. A plain
  // pointer, as the logger's thread, which uses it, is the queue's own: a shared_ptr held there
  // might be the last and would make the thread join itself.
  void watch(spdlog::details::thread_pool* queue) { queue_ = queue; }
  // Comes into force with the next message.
  void request_reopen() { reopen_requested_ = true; }
  // The message that has everything before it written out and reports `number` as done.
  static std::string marker(std::uint64_t number);
  // False when neither the marker `number` nor a later one is done within `patience`.
  bool wait_for_marker(std::uint64_t number, std::chrono::milliseconds patience);
  // Lines that the file did not take.
  [[nodiscard]] std::uint64_t lost() const { return lost_; }

  void log(const spdlog::details::log_msg& message) override;
  void flush() override { write_out(); }
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

 private:
  LogSink(std::filesystem::path file, LogFormat format, int fd);
  void obey(std::string_view command);
  void append(const LogLine& line);
  void reopen();
  void write_out();
  void report_overrun();

  std::filesystem::path file_;
  LogFormat format_;
  int fd_;
  spdlog::details::thread_pool* queue_ = nullptr;
  std::string buffer_;
  std::uint64_t reported_overruns_ = 0;
  std::atomic<bool> reopen_requested_ = false;
  std::atomic<std::uint64_t> lost_ = 0;
  std::mutex mutex_;
  std::condition_variable marker_done_;
  std::uint64_t last_marker_ = 0;  // guarded by mutex_
};

}  // namespace sekisho
