#include "gateway/inbox/capture_server.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/inbox/capture_session.h"
#include "gateway/inbox/maildir.h"
#include "gateway/mail/headers.h"
#include "gateway/smtp/dot_codec.h"
#include "gateway/smtp/reply.h"
#include "tests/support/temp_dir.h"

namespace sekisho::inbox {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

// A blocking client with a time-out, in the test's own thread.
class Client {
 public:
  explicit Client(const Endpoint& server) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval wait{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    sockaddr_storage address{};
    const socklen_t length = server.to_sockaddr(address);
    EXPECT_EQ(
        ::connect(fd_, static_cast<const sockaddr*>(static_cast<const void*>(&address)), length),
        0);
  }
  ~Client() { ::close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      ASSERT_GT(n, 0);
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  // The next reply; code 0 when the server has closed.
  smtp::Reply reply() {
    while (!parser_.complete()) {
      const auto used = parser_.feed(ahead_);
      if (!used) return {};
      ahead_.erase(0, *used);
      if (parser_.complete()) break;
      char block[4096];
      const ssize_t n = ::recv(fd_, block, sizeof block, 0);
      if (n <= 0) return {};
      ahead_.append(block, static_cast<std::size_t>(n));
    }
    return parser_.take();
  }
  smtp::Reply ask(std::string_view command) {
    send(std::string(command) + "\r\n");
    return reply();
  }
  int code(std::string_view command) { return ask(command).code; }

 private:
  int fd_;
  std::string ahead_;
  smtp::ReplyParser parser_;
};

class CaptureServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    server_ = CaptureServer::start(loop_, offload_, folder_.path(), *log_).value();
    thread_ = std::thread([this] { loop_.run(); });
  }
  void TearDown() override {
    loop_.post([this] {
      server_->shut_down();
      spawn([](CaptureServer& server, Loop& loop) -> Task<void> {
        co_await server.wait_until_idle();
        loop.stop();
      }(*server_, loop_));
    });
    thread_.join();
    server_.reset();
  }

  void greet(Client& client) {
    ASSERT_EQ(client.reply().code, 220);
    ASSERT_EQ(client.code("EHLO gateway.example"), 250);
  }
  // DATA with this text, which is encoded; returns the last reply.
  smtp::Reply send_message(Client& client, std::string_view text) {
    EXPECT_EQ(client.code("MAIL FROM:<a@example.com>"), 250);
    EXPECT_EQ(client.code("RCPT TO:<b@example.net>"), 250);
    EXPECT_EQ(client.code("DATA"), 354);
    smtp::DotEncoder encoder;
    std::string wire;
    encoder.feed(text, wire);
    encoder.finish(wire);
    client.send(wire);
    return client.reply();
  }
  std::vector<std::string> stored() {
    const auto maildir = Maildir::open(folder_.path()).value();
    std::vector<std::string> all;
    for (const auto& message : maildir.list().value()) {
      all.push_back(maildir.read(message.id).value());
    }
    return all;
  }

  test::TempDir folder_;
  Loop loop_;
  Offload offload_{1, 16};
  std::unique_ptr<Log> log_ = Log::in_memory();
  std::unique_ptr<CaptureServer> server_;
  std::thread thread_;
};

TEST_F(CaptureServerTest, ListensOnLoopbackOnly) {
  EXPECT_EQ(server_->address().address.to_string(), "127.0.0.1");
  EXPECT_NE(server_->address().port, 0);
}

TEST_F(CaptureServerTest, OffersWhatItKeeps) {
  Client client(server_->address());
  ASSERT_EQ(client.reply().code, 220);
  const std::string offered = client.ask("EHLO gateway.example").wire();
  for (const char* extension :
       {"PIPELINING", "SIZE 268435456", "8BITMIME", "ENHANCEDSTATUSCODES"}) {
    EXPECT_THAT(offered, HasSubstr(extension));
  }
  EXPECT_THAT(offered, Not(HasSubstr("STARTTLS")));
  EXPECT_THAT(offered, Not(HasSubstr("AUTH")));
}

TEST_F(CaptureServerTest, KeepsAMessageByteForByteUnderItsTraceFields) {
  Client client(server_->address());
  greet(client);
  std::string text = "Subject: dots\r\n\r\n.\r\n..\r\n.leading\r\n";
  for (int i = 1; i < 256; ++i) {
    if (i != '\r' && i != '\n') text += static_cast<char>(i);
  }
  text += "\r\n\r\n";
  ASSERT_EQ(client.code("MAIL FROM:<a@example.com> BODY=8BITMIME SIZE=400"), 250);
  ASSERT_EQ(client.code("RCPT TO:<b@example.net>"), 250);
  ASSERT_EQ(client.code("RCPT TO:<\"c d\"@example.net>"), 250);
  ASSERT_EQ(client.code("DATA"), 354);
  smtp::DotEncoder encoder;
  std::string wire;
  encoder.feed(text, wire);
  encoder.finish(wire);
  client.send(wire);
  const smtp::Reply last = client.reply();
  EXPECT_THAT(last.summary(), StartsWith("250 2.0.0 ok: queued as "));
  const auto all = stored();
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_THAT(all[0], StartsWith("Return-Path: <a@example.com>\r\nDelivered-To: b@example.net\r\n"
                                 "Delivered-To: \"c d\"@example.net\r\nX-Sekisho-Captured: "));
  EXPECT_THAT(all[0], HasSubstr("gateway.example\r\n"));
  EXPECT_THAT(all[0], EndsWith("\r\n" + text));
  const auto trace_fields = mail::Headers::parse(all[0].substr(0, all[0].size() - text.size()));
  EXPECT_EQ(trace_fields.fields().size(), 4U);
}

TEST_F(CaptureServerTest, NamesTheFileInItsReply) {
  Client client(server_->address());
  greet(client);
  const std::string summary = send_message(client, "\r\nx\r\n").summary();
  const std::string id = summary.substr(summary.rfind(' ') + 1);
  EXPECT_TRUE(std::filesystem::exists(folder_.path() / "new" / id)) << id;
}

TEST_F(CaptureServerTest, KeepsALargeMessage) {
  Client client(server_->address());
  greet(client);
  std::string text = "Subject: large\r\n\r\n";
  for (int i = 0; text.size() < 3 * 1024 * 1024; ++i) {
    text += "." + std::to_string(i) + std::string(60, 'x') + "\r\n";
  }
  EXPECT_EQ(send_message(client, text).code, 250);
  const auto all = stored();
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_TRUE(all[0].ends_with("\r\n" + text));
}

TEST_F(CaptureServerTest, TakesManyMessagesOnOneConnection) {
  Client client(server_->address());
  greet(client);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(send_message(client, "Subject: " + std::to_string(i) + "\r\n\r\n").code, 250);
  }
  EXPECT_EQ(client.code("QUIT"), 221);
  EXPECT_EQ(client.reply().code, 0);
  EXPECT_THAT(stored(), SizeIs(5));
}

TEST_F(CaptureServerTest, AnswersPipelinedCommandsInOrder) {
  Client client(server_->address());
  ASSERT_EQ(client.reply().code, 220);
  client.send(
      "EHLO g\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.net>\r\nRCPT TO:<broken\r\nNOOP\r\nDATA\r\n");
  for (const int code : {250, 250, 250, 501, 250, 354}) EXPECT_EQ(client.reply().code, code);
  client.send("Subject: x\r\n\r\n.\r\nMAIL FROM:<c@example.com>\r\nRSET\r\nQUIT\r\n");
  for (const int code : {250, 250, 250, 221}) EXPECT_EQ(client.reply().code, code);
  const auto all = stored();
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_THAT(all[0], StartsWith("Return-Path: <>\r\n"));
}

TEST_F(CaptureServerTest, KeepsNothingOfAMessageThatIsBrokenOff) {
  {
    Client client(server_->address());
    greet(client);
    ASSERT_EQ(client.code("MAIL FROM:<a@example.com>"), 250);
    ASSERT_EQ(client.code("RCPT TO:<b@example.net>"), 250);
    ASSERT_EQ(client.code("DATA"), 354);
    client.send("Subject: half\r\n\r\nno end");
  }
  Client other(server_->address());
  greet(other);
  EXPECT_EQ(send_message(other, "\r\nwhole\r\n").code, 250);
  EXPECT_THAT(stored(), SizeIs(1));
}

TEST_F(CaptureServerTest, RefusesSmuggledLineEndsAndGoesOnAfterTheRealEnd) {
  for (const char* flawed : {"a\nb\r\n", "a\rb\r\n", "a\n.\nMAIL FROM:<x@y.example>\r\n"}) {
    Client client(server_->address());
    greet(client);
    ASSERT_EQ(client.code("MAIL FROM:<a@example.com>"), 250);
    ASSERT_EQ(client.code("RCPT TO:<b@example.net>"), 250);
    ASSERT_EQ(client.code("DATA"), 354);
    client.send(std::string(flawed) + ".\r\n");
    EXPECT_EQ(client.reply().code, 550) << flawed;
    EXPECT_EQ(client.code("NOOP"), 250) << flawed;
  }
  EXPECT_THAT(stored(), IsEmpty());
}

TEST_F(CaptureServerTest, RefusesCommandsOutOfOrderOrBeyondItsBounds) {
  Client client(server_->address());
  ASSERT_EQ(client.reply().code, 220);
  EXPECT_EQ(client.code("MAIL FROM:<a@example.com>"), 503);
  EXPECT_EQ(client.code("EHLO g"), 250);
  EXPECT_EQ(client.code("DATA"), 503);
  EXPECT_EQ(client.code("RCPT TO:<b@example.net>"), 503);
  EXPECT_EQ(client.code("MAIL FROM:<a@example.com> SIZE=268435457"), 552);
  EXPECT_EQ(client.code("STARTTLS"), 502);
  EXPECT_EQ(client.code("AUTH PLAIN AGEAYg=="), 502);
  EXPECT_EQ(client.code("FROBNICATE"), 500);
  EXPECT_EQ(client.code("NOOP " + std::string(CaptureSession::kMaxLine, 'x')), 500);
  EXPECT_EQ(client.code("VRFY postmaster"), 252);
}

TEST_F(CaptureServerTest, LeavesAClientThatOnlyErrs) {
  Client client(server_->address());
  greet(client);
  for (int i = 0; i < CaptureSession::kMaxErrors; ++i) ASSERT_EQ(client.code("FROBNICATE"), 500);
  EXPECT_EQ(client.reply().code, 421);
  EXPECT_EQ(client.reply().code, 0);
}

TEST_F(CaptureServerTest, AnswersWithATransientCodeWhenTheDiskRefuses) {
  Client client(server_->address());
  greet(client);
  std::filesystem::remove_all(folder_.path() / "new");
  const smtp::Reply last = send_message(client, "\r\nx\r\n");
  EXPECT_EQ(last.summary(), "451 4.3.0 the message could not be stored");
  std::filesystem::create_directory(folder_.path() / "new");
  EXPECT_EQ(send_message(client, "\r\nx\r\n").code, 250);
}

TEST_F(CaptureServerTest, ShutDownEndsIdleSessions) {
  Client idle(server_->address());
  greet(idle);
  loop_.post([this] { server_->shut_down(); });
  EXPECT_EQ(idle.reply().code, 0);
}

TEST(InboxCommand, ListsAndShowsWithoutTrustingTheMessage) {
  const test::TempDir folder;
  EXPECT_EQ(list_inbox(folder.path() / "nowhere"), 0);
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "nowhere"));
  const auto maildir = Maildir::open(folder.path()).value();
  const std::string text = "Subject: a\x1b[31m\r\nFrom: x@y\r\n\r\nbody\x07\r\n";
  const std::string id =
      maildir
          .store("",
                 [&](std::uint64_t offset, std::size_t, std::string& out) -> Result<void> {
                   out = offset == 0 ? text : "";
                   return {};
                 })
          .value();
  ::testing::internal::CaptureStdout();
  EXPECT_EQ(list_inbox(folder.path()), 0);
  std::fflush(stdout);
  const std::string listing = ::testing::internal::GetCapturedStdout();
  EXPECT_THAT(listing, AllOf(HasSubstr(id), HasSubstr("x@y"), HasSubstr("1  a")));
  EXPECT_EQ(listing.find('\x1b'), std::string::npos);

  for (const std::string& name : {id, std::string("1")}) {
    ::testing::internal::CaptureStdout();
    EXPECT_EQ(show_inbox(folder.path(), name), 0);
    EXPECT_EQ(::testing::internal::GetCapturedStdout(), text);
  }
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(show_inbox(folder.path(), "2"), 1);
  EXPECT_EQ(show_inbox(folder.path(), "nothing\x1b"), 1);
  EXPECT_EQ(::testing::internal::GetCapturedStderr().find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace sekisho::inbox
