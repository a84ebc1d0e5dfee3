// Both ends of a connection in one loop, for the tests of this folder.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "gateway/net/socket_stream.h"
#include "gateway/net/tls_context.h"
#include "tests/support/test_certificate.h"

namespace sekisho::test {

struct FdPair {
  int ours;
  int theirs;
};

FdPair unix_pair();  // socketpair
FdPair tcp_pair();   // over loopback

inline Deadline soon() { return Deadline::in(std::chrono::seconds(20)); }

// Runs two tasks at the same time on one loop until both are done; `b` starts first.
template <class A, class B>
std::pair<A, B> run_both(Loop& loop, Task<A> a, Task<B> b) {
  std::optional<B> second;
  Event done;
  auto keep = [](Task<B> task, std::optional<B>& out, Event& event) -> Task<void> {
    out.emplace(co_await std::move(task));
    event.notify();
  };
  auto drive = [](Loop& on, Task<A> task, std::optional<B>& out, Event& event) -> Task<A> {
    A first = co_await std::move(task);
    CancelSource never;
    while (!out) static_cast<void>(co_await event.wait(on, Deadline::never(), never));
    co_return first;
  };
  spawn(keep(std::move(b), second, done));
  A first = loop.run_until_done(drive(loop, std::move(a), second, done));
  return {std::move(first), std::move(*second)};
}

// Reads until `size` bytes are there or the peer's end.
Task<Result<std::string>> read_exactly(ByteStream& stream, std::size_t size, std::size_t piece);
Task<Result<std::string>> read_to_end(ByteStream& stream);

// A pseudo-random text, the same at every run.
std::string pattern(std::size_t size);

class StreamTest : public ::testing::Test {
 protected:
  Loop loop_;
  CancelSource cancel_;
  CancelSource peer_cancel_;
  std::unique_ptr<ByteStream> ours_;
  std::unique_ptr<ByteStream> theirs_;

  void open(FdPair pair) {
    ours_ = make_socket_stream(loop_, pair.ours, cancel_);
    theirs_ = make_socket_stream(loop_, pair.theirs, peer_cancel_);
  }
  // Reads at once what must be there.
  Result<std::string> read(ByteStream& stream, std::size_t size) {
    return loop_.run_until_done(read_exactly(stream, size, 4096));
  }
  Result<void> write(ByteStream& stream, std::string_view bytes) {
    return loop_.run_until_done(stream.write_all(bytes, soon()));
  }
};

class TlsTest : public StreamTest {
 protected:
  TestCertificate certificate_;
  std::shared_ptr<const TlsContext> server_ =
      must(TlsContext::server(certificate_.certificate_file(), certificate_.key_file()));
  std::shared_ptr<const TlsContext> client_ =
      must(TlsContext::client(true, certificate_.ca_file()));
  std::shared_ptr<const TlsContext> careless_ = must(TlsContext::client(false, {}));

  static std::shared_ptr<const TlsContext> must(Result<std::shared_ptr<const TlsContext>> made) {
    if (!made) throw std::runtime_error(made.error().text);
    return *made;
  }
  // Handshake between ours_ (server) and theirs_ (client); the two results.
  std::pair<Result<void>, Result<void>> handshake(std::shared_ptr<const TlsContext> client,
                                                  std::string_view name) {
    return run_both(loop_, ours_->start_tls(server_, "", soon()),
                    theirs_->start_tls(std::move(client), name, soon()));
  }
  void open_tls(FdPair pair) {
    open(pair);
    const auto [server, client] = handshake(client_, "localhost");
    ASSERT_TRUE(server) << server.error().text;
    ASSERT_TRUE(client) << client.error().text;
  }
};

}  // namespace sekisho::test
