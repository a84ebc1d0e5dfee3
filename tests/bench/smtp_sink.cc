// smtp_sink: an SMTP server that takes every message and keeps none, for benchmarks. Prints its
// port, serves until it is killed. One thread: it must cost little beside what is measured.
#include <cstdio>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

#include "gateway/base/text.h"
#include "gateway/net/line_reader.h"
#include "gateway/net/listener.h"
#include "gateway/net/socket_stream.h"
#include "gateway/smtp/dot_codec.h"

namespace sekisho {
namespace {

constexpr std::size_t kMaxLine = 4096;

// One connection; counts nothing, since the load generator counts the 250s.
class Sink {
 public:
  Sink(Loop& loop, int fd)
      : stream_(make_socket_stream(loop, fd, cancel_)), reader_(loop, *stream_) {}

  Task<void> serve() {
    out_ = "220 sink\r\n";
    while (true) {
      if (!reader_.has_line_ahead() && !co_await flush()) co_return;
      auto line = co_await reader_.read_line(kMaxLine, Deadline::never());
      if (!line) co_return;
      const std::string verb = to_upper(line->text.substr(0, 4));
      if (verb == "EHLO") {
        out_ += "250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 0\r\n";
      } else if (verb == "DATA") {
        out_ += "354 go on\r\n";
        if (!co_await flush() || !co_await take_message()) co_return;
        out_ += "250 2.0.0 ok\r\n";
      } else if (verb == "QUIT") {
        out_ += "221 2.0.0 bye\r\n";
        (void)co_await flush();
        co_await stream_->close(Deadline::in(1s));
        co_return;
      } else {
        out_ += "250 2.0.0 ok\r\n";
      }
    }
  }

 private:
  Task<bool> flush() {
    const bool sent = out_.empty() || co_await stream_->write_all(out_, Deadline::never());
    out_.clear();
    co_return sent;
  }

  Task<bool> take_message() {
    smtp::DotDecoder decoder;
    std::string thrown_away;
    while (!decoder.finished()) {
      auto bytes = co_await reader_.read_bytes(Deadline::never());
      if (!bytes) co_return false;
      reader_.unread(bytes->substr(decoder.feed(*bytes, thrown_away)));
      thrown_away.clear();
    }
    co_return true;
  }

  CancelSource cancel_;
  std::unique_ptr<ByteStream> stream_;
  LineReader reader_;
  std::string out_;
};

Task<void> serve(Loop& loop, int fd) {
  auto sink = std::make_unique<Sink>(loop, fd);
  co_await sink->serve();
}

}  // namespace
}  // namespace sekisho

int main(int argc, char** argv) {
  using namespace sekisho;
  CLI::App app{"An SMTP server that throws everything away"};
  std::string address = "127.0.0.1:0";
  app.add_option("--listen", address, "address and port");
  CLI11_PARSE(app, argc, argv);
  const auto endpoint = Endpoint::parse(address);
  if (!endpoint) return 2;
  Loop loop;
  auto socket = open_listening_socket(*endpoint, 4096);
  if (!socket) {
    std::fprintf(stderr, "%s\n", socket.error().text.c_str());
    return 1;
  }
  const Listener listener(
      loop, *socket, [&](int fd, const Endpoint&) { spawn(serve(loop, fd)); }, [](const Error&) {});
  std::printf("%u\n", listener.address().port);
  std::fflush(stdout);
  loop.run();
}
