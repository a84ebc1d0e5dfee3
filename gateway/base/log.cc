#include "gateway/base/log.h"

#include <atomic>
#include <mutex>

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>

#include "gateway/base/log_sink.h"
#include "gateway/base/thread.h"
#include "gateway/base/time.h"

namespace sekisho {
namespace {

constexpr std::size_t kMaxQueuedLines = 8192;

class AsyncLog final : public Log {
 public:
  AsyncLog(const Settings& settings, std::shared_ptr<LogSink> sink)
      : settings_(settings),
        sink_(std::move(sink)),
        queue_(std::make_shared<spdlog::details::thread_pool>(
            kMaxQueuedLines, 1, [] { enter_background_thread("sekisho-log"); })),
        logger_(std::make_shared<spdlog::async_logger>(
            "sekisho", sink_, queue_, spdlog::async_overflow_policy::overrun_oldest)) {
    logger_->set_level(spdlog::level::trace);
    sink_->watch(queue_.get());
  }
  // Empties the queue and joins its thread while the logger that its messages refer to is there.
  ~AsyncLog() override { queue_.reset(); }
  AsyncLog(const AsyncLog&) = delete;
  AsyncLog& operator=(const AsyncLog&) = delete;

  [[nodiscard]] bool enabled(LogLevel level) const override { return level >= settings_.level; }

  void write(const LogLine& line) override {
    if (!enabled(line.level())) return;
    // Rendered here and not in the logger's thread: the queue then holds nothing but the line.
    post(line.render(settings_.format, iso8601_utc(std::chrono::system_clock::now())));
  }

  void reopen() override {
    sink_->request_reopen();
    post(LogSink::marker(++markers_));
  }

  void flush() override {
    // A full queue may drop our marker like any line, so it is sent again some times.
    for (int attempt = 0; attempt < 20; ++attempt) {
      const std::uint64_t number = ++markers_;
      post(LogSink::marker(number));
      if (sink_->wait_for_marker(number, std::chrono::milliseconds(250))) return;
    }
  }

  [[nodiscard]] std::uint64_t dropped() const override {
    return queue_->overrun_counter() + sink_->lost();
  }

 private:
  void post(const std::string& message) {
    logger_->log(spdlog::level::info, spdlog::string_view_t(message));
  }

  Settings settings_;
  std::atomic<std::uint64_t> markers_ = 0;
  std::shared_ptr<LogSink> sink_;
  std::shared_ptr<spdlog::details::thread_pool> queue_;
  std::shared_ptr<spdlog::async_logger> logger_;
};

class MemoryLog final : public Log {
 public:
  [[nodiscard]] bool enabled(LogLevel) const override { return true; }
  void write(const LogLine& line) override {
    const std::lock_guard lock(mutex_);
    lines_.push_back(line.render(LogFormat::logfmt, ""));
  }
  void reopen() override {}
  void flush() override {}
  [[nodiscard]] std::vector<std::string> kept() const override {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;  // guarded by mutex_
};

}  // namespace

Result<std::unique_ptr<Log>> Log::open(const Settings& settings) {
  auto sink = LogSink::open(settings.file, settings.format);
  if (!sink) return std::unexpected(std::move(sink.error()));
  return std::make_unique<AsyncLog>(settings, std::move(*sink));
}

std::unique_ptr<Log> Log::in_memory() { return std::make_unique<MemoryLog>(); }

}  // namespace sekisho
