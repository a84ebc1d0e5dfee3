// CaptureSession: one SMTP conversation of the capture inbox (RFC 5321, PIPELINING, SIZE, 8BITMIME,
// ENHANCEDSTATUSCODES), from greeting to QUIT. One loop, one coroutine. Its peer is the gateway,
// but it keeps bounds all the same, since any local program can connect.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/ip.h"
#include "gateway/base/log.h"
#include "gateway/inbox/maildir.h"
#include "gateway/mail/spool.h"
#include "gateway/net/byte_stream.h"
#include "gateway/net/line_reader.h"
#include "gateway/smtp/dialog.h"
#include "gateway/smtp/dot_codec.h"

namespace sekisho::inbox {

class CaptureSession {
 public:
  static constexpr std::uint64_t kMaxMessage = 256ULL * 1024 * 1024;
  static constexpr std::size_t kMaxRecipients = 1000;
  static constexpr std::size_t kMaxLine = 2048;
  static constexpr int kMaxErrors = 20;

  // All references outlive the session.
  struct Context {
    Loop& loop;
    Offload& offload;
    const Maildir& maildir;
    Log& log;
  };

  CaptureSession(const Context& context, std::unique_ptr<ByteStream> stream, const Endpoint& peer);

  // Ends when the peer quits, breaks off or breaks a bound, or when the stream is cancelled.
  Task<void> run();

 private:
  Task<Result<void>> converse();
  Task<Result<void>> handle(std::string line);
  Task<Result<void>> data();
  Task<Result<smtp::Reply>> receive(mail::Spool& spool);
  Task<smtp::Reply> store(mail::Spool& spool);
  smtp::Reply answer(const smtp::Command& command);
  smtp::Reply greet(const smtp::Command& command);
  smtp::Reply mail(const smtp::Command& command);
  smtp::Reply rcpt(const smtp::Command& command);
  void forget_transaction();
  [[nodiscard]] std::string trace_headers() const;
  // Replies to pipelined commands are sent together, when no more commands wait.
  Task<Result<void>> reply(const smtp::Reply& reply);
  Task<Result<void>> flush();

  Context context_;
  std::unique_ptr<ByteStream> stream_;
  LineReader reader_;
  Endpoint peer_;
  smtp::Dialog dialog_;
  std::string helo_;
  std::optional<smtp::Mailbox> sender_;
  std::vector<smtp::Mailbox> recipients_;
  std::string unsent_;
  int errors_ = 0;
  bool quitting_ = false;
};

}  // namespace sekisho::inbox
