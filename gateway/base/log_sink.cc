#include "gateway/base/log_sink.h"

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <unistd.h>

#include "gateway/base/text.h"
#include "gateway/base/time.h"

namespace sekisho {
namespace {

constexpr std::size_t kMaxBuffered = 65536;
constexpr char kCommand = '\0';
constexpr int kFullPipeMillis = 1000;

int open_for_append(const std::filesystem::path& file) {
  return ::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
}

// Returns what could not be written. A pipe whose reader sleeps gets a second, then loses lines:
// the queue behind us is bounded, and whoever exits must not wait for ever.
std::string_view write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) break;
    pollfd writable{.fd = fd, .events = POLLOUT, .revents = 0};
    if (::poll(&writable, 1, kFullPipeMillis) == 0) break;
  }
  return bytes;
}

}  // namespace

Result<std::shared_ptr<LogSink>> LogSink::open(std::filesystem::path file, LogFormat format) {
  int fd = STDERR_FILENO;
  if (!file.empty()) {
    fd = open_for_append(file);
    if (fd < 0) {
      return std::unexpected(
          system_error(ErrorKind::io, "cannot open the log file " + file.string(), errno));
    }
  }
  return std::shared_ptr<LogSink>(new LogSink(std::move(file), format, fd));
}

LogSink::LogSink(std::filesystem::path file, LogFormat format, int fd)
    : file_(std::move(file)), format_(format), fd_(fd) {}

LogSink::~LogSink() {
  write_out();
  if (fd_ != STDERR_FILENO) ::close(fd_);
}

std::string LogSink::marker(std::uint64_t number) {
  std::string message(1, kCommand);
  return message += std::to_string(number);
}

bool LogSink::wait_for_marker(std::uint64_t number, std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  return marker_done_.wait_for(lock, patience, [&] { return last_marker_ >= number; });
}

void LogSink::log(const spdlog::details::log_msg& message) {
  if (reopen_requested_.exchange(false)) reopen();
  const std::string_view text(message.payload.data(), message.payload.size());
  if (text.starts_with(kCommand)) return obey(text.substr(1));
  buffer_ += text;
  buffer_ += '\n';
  if (buffer_.size() < kMaxBuffered && queue_->queue_size() > 0) return;
  report_overrun();
  write_out();
}

void LogSink::obey(std::string_view command) {
  report_overrun();
  write_out();
  const std::lock_guard lock(mutex_);
  last_marker_ = std::max(last_marker_, parse_uint(command).value_or(0));
  marker_done_.notify_all();
}

void LogSink::append(const LogLine& line) {
  buffer_ += line.render(format_, iso8601_utc(std::chrono::system_clock::now()));
  buffer_ += '\n';
}

void LogSink::reopen() {
  if (file_.empty()) return;
  write_out();  // these lines belong to the old file
  const int fd = open_for_append(file_);
  if (fd < 0) {
    const auto error = system_error(ErrorKind::io, "cannot reopen", errno);
    append(LogLine("log-reopen-failed", LogLevel::error).add("error", error.text));
    return;
  }
  ::close(std::exchange(fd_, fd));
}

void LogSink::report_overrun() {
  const std::uint64_t overruns = queue_->overrun_counter();
  const std::uint64_t fresh = overruns - std::exchange(reported_overruns_, overruns);
  if (fresh > 0) append(LogLine("log-overrun", LogLevel::warning).add("dropped", fresh));
}

void LogSink::write_out() {
  const std::string_view rest = write_all(fd_, buffer_);
  lost_ += static_cast<std::uint64_t>(std::ranges::count(rest, '\n'));
  buffer_.clear();
}

}  // namespace sekisho
