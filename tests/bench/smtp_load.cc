// smtp_load: sends messages over many connections at once and prints one line of figures:
// messages, seconds, messages a second, and the median and 99th percentile of a message's time.
// A message counts when its 250 after the dot was read. Any other answer ends the run with
// status 1.
#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "gateway/base/text.h"
#include "gateway/net/line_reader.h"
#include "gateway/net/socket_stream.h"
#include "gateway/net/tls_context.h"

namespace sekisho {
namespace {

constexpr std::size_t kMaxLine = 4096;

struct Load {
  Endpoint target;
  std::int64_t messages = 1000;
  std::int64_t clients = 100;
  std::size_t size = 4096;
  bool keep_alive = false;
  bool pipelining = false;
  std::string user;  // with it: STARTTLS and AUTH PLAIN first
  std::string password;
  std::string recipient = "user@example.com";

  std::string text;  // the message with its final dot
  std::shared_ptr<const TlsContext> tls;
  std::int64_t left = 0;
  std::int64_t running = 0;
  std::vector<double> milliseconds;
  std::string failure;
};

std::string make_message(std::size_t size) {
  std::string text =
      "From: <load@example.net>\r\nTo: <user@example.com>\r\nSubject: load\r\n"
      "Message-ID: <load@example.net>\r\nDate: Tue, 24 Nov 2026 06:41:16 +0000\r\n\r\n";
  const std::string line =
      "The quick brown fox jumps over the lazy dog, again and again and on.\r\n";
  while (text.size() + line.size() <= size) text += line;
  return text + ".\r\n";
}

class Client {
 public:
  Client(Loop& loop, Load& load) : loop_(loop), load_(load) {}

  Task<void> run() {
    while (load_.left > 0 && load_.failure.empty()) {
      if (!stream_ && !co_await open()) break;
      --load_.left;
      const TimePoint begun = Clock::now();
      if (!co_await send_one()) break;
      load_.milliseconds.push_back(
          std::chrono::duration<double, std::milli>(Clock::now() - begun).count());
      if (!load_.keep_alive && !co_await quit()) break;
    }
    if (stream_) co_await quit();
    if (--load_.running == 0) loop_.stop();
  }

 private:
  bool failed(std::string what) {
    if (load_.failure.empty()) load_.failure = std::move(what);
    return false;
  }

  // Reads one reply and compares its code.
  Task<bool> expect(std::string_view code, std::string_view verb) {
    while (true) {
      auto line = co_await reader_->read_line(kMaxLine, Deadline::in(120s));
      if (!line) co_return failed(std::string(verb) + ": " + line.error().text);
      if (!line->text.starts_with(code))
        co_return failed(std::string(verb) + ": " + std::string(line->text));
      if (line->text.size() < 4 || line->text[3] != '-') co_return true;
    }
  }

  Task<bool> ask(std::string command, std::string_view code) {
    if (!co_await stream_->write_all(command, Deadline::in(120s)))
      co_return failed(command + ": cannot write");
    co_return co_await expect(code, command);
  }

  Task<bool> open() {
    auto connected = co_await connect_socket(loop_, load_.target, Deadline::in(30s), cancel_);
    if (!connected) co_return failed(connected.error().text);
    stream_ = std::move(*connected);
    reader_ = std::make_unique<LineReader>(loop_, *stream_);
    if (!co_await expect("220", "greeting")) co_return false;
    if (!co_await ask("EHLO load.example.net\r\n", "250")) co_return false;
    if (load_.user.empty()) co_return true;
    if (!co_await ask("STARTTLS\r\n", "220")) co_return false;
    if (auto started = co_await stream_->start_tls(load_.tls, {}, Deadline::in(60s)); !started)
      co_return failed(started.error().text);
    if (!co_await ask("EHLO load.example.net\r\n", "250")) co_return false;
    const std::string plain = std::string(1, '\0') + load_.user + '\0' + load_.password;
    co_return co_await ask("AUTH PLAIN " + base64_encode(plain) + "\r\n", "235");
  }

  Task<bool> send_one() {
    const std::string mail = "MAIL FROM:<load@example.net>\r\n";
    const std::string rcpt = "RCPT TO:<" + load_.recipient + ">\r\n";
    if (load_.pipelining) {
      if (!co_await stream_->write_all(mail + rcpt + "DATA\r\n", Deadline::in(120s)))
        co_return failed("cannot write");
      if (!co_await expect("250", "MAIL") || !co_await expect("250", "RCPT") ||
          !co_await expect("354", "DATA"))
        co_return false;
    } else if (!co_await ask(mail, "250") || !co_await ask(rcpt, "250") ||
               !co_await ask("DATA\r\n", "354")) {
      co_return false;
    }
    if (!co_await stream_->write_all(load_.text, Deadline::in(300s)))
      co_return failed("cannot write the message");
    co_return co_await expect("250", "the dot");
  }

  Task<bool> quit() {
    const bool said = co_await ask("QUIT\r\n", "221");
    co_await stream_->close(Deadline::in(1s));
    reader_.reset();
    stream_.reset();
    co_return said;
  }

  Loop& loop_;
  Load& load_;
  CancelSource cancel_;
  std::unique_ptr<ByteStream> stream_;
  std::unique_ptr<LineReader> reader_;
};

Task<void> run_client(Loop& loop, Load& load) {
  Client client(loop, load);
  co_await client.run();
}

}  // namespace
}  // namespace sekisho

int main(int argc, char** argv) {
  using namespace sekisho;
  Load load;
  std::uint16_t port = 0;
  CLI::App app{"Sends messages and measures"};
  app.add_option("--port", port, "on 127.0.0.1")->required();
  app.add_option("--messages", load.messages, "in all");
  app.add_option("--clients", load.clients, "at once");
  app.add_option("--size", load.size, "bytes of one message");
  app.add_flag("--keep-alive", load.keep_alive, "many messages on one connection");
  app.add_flag("--pipelining", load.pipelining, "MAIL, RCPT and DATA in one flight");
  app.add_option("--user", load.user, "STARTTLS and log in as");
  app.add_option("--password", load.password, "with this password");
  app.add_option("--recipient", load.recipient, "");
  CLI11_PARSE(app, argc, argv);
  load.target = *Endpoint::parse("127.0.0.1:" + std::to_string(port));
  load.text = make_message(load.size);
  load.left = load.messages;
  load.running = load.clients;
  if (!load.user.empty()) load.tls = *TlsContext::client(false, {});

  Loop loop;
  const TimePoint begun = Clock::now();
  for (std::int64_t i = 0; i < load.clients; ++i) spawn(run_client(loop, load));
  loop.run();
  const double seconds = std::chrono::duration<double>(Clock::now() - begun).count();
  if (!load.failure.empty()) {
    std::fprintf(stderr, "smtp_load: %s\n", load.failure.c_str());
    return 1;
  }
  std::ranges::sort(load.milliseconds);
  const std::size_t count = load.milliseconds.size();
  std::printf("%zu %.3f %.1f %.2f %.2f\n", count, seconds, static_cast<double>(count) / seconds,
              load.milliseconds[count / 2], load.milliseconds[count * 99 / 100]);
}
