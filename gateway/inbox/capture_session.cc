#include "gateway/inbox/capture_session.h"

#include <exception>
#include <utility>

#include "gateway/base/encode.h"
#include "gateway/mail/headers.h"
#include "gateway/smtp/capabilities.h"

namespace sekisho::inbox {
namespace {

constexpr std::string_view kHostname = "inbox.sekisho.invalid";
constexpr auto kCommandTime = 10min;  // the gateway keeps idle connections for later use
constexpr auto kDataTime = 10min;     // between two blocks
constexpr auto kReplyTime = 1min;
constexpr auto kCloseTime = 5s;
constexpr std::size_t kMaxUnsent = 4096;

using smtp::Reply;
using smtp::Verb;

Reply ok() { return Reply::of(250, "2.0.0", "ok"); }

smtp::DialogRules plain_rules() { return {.tls_available = false}; }

}  // namespace

CaptureSession::CaptureSession(const Context& context, std::unique_ptr<ByteStream> stream,
                               const Endpoint& peer)
    : context_(context),
      stream_(std::move(stream)),
      reader_(context.loop, *stream_),
      peer_(peer),
      dialog_(plain_rules()) {}

Task<void> CaptureSession::run() {
  try {
    const auto ended = co_await converse();
    if (!ended && ended.error().kind != ErrorKind::closed &&
        ended.error().kind != ErrorKind::cancelled) {
      context_.log.write(
          LogLine("inbox_broken", LogLevel::info).src(peer_).add("what", ended.error().text));
    }
  } catch (const std::exception& exception) {
    context_.log.write(
        LogLine("inbox_failed", LogLevel::error).src(peer_).add("what", exception.what()));
  }
  co_await stream_->close(Deadline::in(kCloseTime));
}

Task<Result<void>> CaptureSession::converse() {
  auto sent =
      co_await reply(Reply::plain(220, std::string(kHostname) + " ESMTP Sekisho capture inbox"));
  while (sent && !quitting_) {
    const auto line = co_await reader_.read_line(kMaxLine, Deadline::in(kCommandTime));
    if (!line) co_return std::unexpected(line.error());
    switch (line->flaw) {
      case LineReader::Flaw::none:
        sent = co_await handle(std::string(line->text));
        break;
      case LineReader::Flaw::too_long:
        ++errors_;
        sent = co_await reply(Reply::of(500, "5.5.2", "line too long"));
        break;
      case LineReader::Flaw::bare_lf:
      case LineReader::Flaw::bare_cr:
      case LineReader::Flaw::nul:
        quitting_ = true;
        sent = co_await reply(Reply::of(500, "5.5.2", "lines end with CRLF, and hold no NUL"));
        break;
    }
    if (sent && !quitting_ && errors_ >= kMaxErrors) {
      quitting_ = true;
      sent = co_await reply(Reply::of(421, "4.7.0", "too many errors"));
    }
  }
  if (sent) sent = co_await flush();
  co_return sent;
}

Task<Result<void>> CaptureSession::handle(std::string line) {
  const smtp::Command command = smtp::parse_command(line);
  if (const auto refusal = dialog_.refuse(command.verb)) {
    ++errors_;
    co_return co_await reply(*refusal);
  }
  if (command.verb == Verb::data) co_return co_await data();
  const Reply answered = answer(command);
  if (!answered.positive()) ++errors_;
  co_return co_await reply(answered);
}

Reply CaptureSession::answer(const smtp::Command& command) {
  switch (command.verb) {
    case Verb::ehlo:
    case Verb::helo:
      return greet(command);
    case Verb::mail:
      return mail(command);
    case Verb::rcpt:
      return rcpt(command);
    case Verb::rset:
      forget_transaction();
      return ok();
    case Verb::noop:
      return ok();
    case Verb::vrfy:
      return Reply::of(252, "2.5.0", "send the mail to know");
    case Verb::help:
      return Reply::of(214, "2.0.0", "mail sent here is kept for sekisho inbox");
    case Verb::quit:
      quitting_ = true;
      return Reply::of(221, "2.0.0", "bye");
    case Verb::unknown:
      return Reply::of(500, "5.5.2", "unknown command");
    case Verb::lhlo:
    case Verb::data:
    case Verb::bdat:
    case Verb::expn:
    case Verb::auth:
    case Verb::starttls:
    case Verb::xclient:
      break;
  }
  return Reply::of(502, "5.5.1", "not offered here");
}

Reply CaptureSession::greet(const smtp::Command& command) {
  auto name = smtp::parse_helo_name(command.argument);
  if (!name) return Reply::of(501, "5.5.4", "say who you are: EHLO hostname");
  forget_transaction();
  helo_ = std::move(*name);
  const bool extended = command.verb == Verb::ehlo;
  dialog_.greeted(extended);
  if (!extended) return Reply::plain(250, kHostname);
  smtp::Capabilities offered;
  offered.pipelining = true;
  offered.eight_bit_mime = true;
  offered.enhanced_status_codes = true;
  offered.has_size = true;
  offered.size = kMaxMessage;
  return offered.to_reply(kHostname, helo_);
}

Reply CaptureSession::mail(const smtp::Command& command) {
  auto parsed = smtp::parse_mail(command.argument);
  if (!parsed) return parsed.error();
  if (parsed->parameters.size.value_or(0) > kMaxMessage) {
    return Reply::of(552, "5.3.4", "message too large");
  }
  sender_ = std::move(parsed->sender);
  dialog_.mail_accepted();
  return Reply::of(250, "2.1.0", "ok");
}

Reply CaptureSession::rcpt(const smtp::Command& command) {
  auto parsed = smtp::parse_rcpt(command.argument);
  if (!parsed) return parsed.error();
  if (recipients_.size() >= kMaxRecipients) return Reply::of(452, "4.5.3", "too many recipients");
  recipients_.push_back(std::move(parsed->recipient));
  dialog_.recipient_accepted();
  return Reply::of(250, "2.1.5", "ok");
}

void CaptureSession::forget_transaction() {
  sender_.reset();
  recipients_.clear();
  dialog_.transaction_ended();
}

Task<Result<void>> CaptureSession::data() {
  auto sent = co_await reply(Reply::plain(354, "end with <CRLF>.<CRLF>"));
  if (sent) sent = co_await flush();  // the client waits for it, whatever else it has sent
  if (!sent) co_return sent;
  mail::Spool spool(context_.loop, context_.offload, {context_.maildir.temporary_folder()});
  auto received = co_await receive(spool);
  if (!received) co_return std::unexpected(received.error());
  const Reply last = received->positive() ? co_await store(spool) : *received;
  forget_transaction();
  co_return co_await reply(last);
}

// Reads to the real end of the message whatever is wrong with it, so that its rest is never taken
// for commands. The reply says whether the spool has it all; an error means that the connection is
// gone.
Task<Result<Reply>> CaptureSession::receive(mail::Spool& spool) {
  smtp::DotDecoder decoder;
  Reply verdict = ok();
  std::string decoded;
  while (!decoder.finished()) {
    const auto bytes = co_await reader_.read_bytes(Deadline::in(kDataTime));
    if (!bytes) co_return std::unexpected(bytes.error());
    decoded.clear();
    const std::size_t used = decoder.feed(*bytes, decoded);
    if (used < bytes->size()) reader_.unread(bytes->substr(used));
    if (!verdict.positive()) continue;
    if (decoder.size() > kMaxMessage) {
      verdict = Reply::of(552, "5.3.4", "message too large");
    } else if (decoder.flaw() != smtp::DotDecoder::Flaw::none) {
      verdict = Reply::of(550, "5.6.0", "the message has a bare CR, a bare LF or a NUL");
    } else if (const auto kept = co_await spool.append(decoded); !kept) {
      context_.log.write(
          LogLine("inbox_disk", LogLevel::error).src(peer_).add("what", kept.error().text));
      verdict = Reply::of(452, "4.3.1", "the inbox can't be written");
    }
  }
  co_return verdict;
}

Task<Reply> CaptureSession::store(mail::Spool& spool) {
  // The job reads what this frame holds; the frame waits for it.
  const auto job = [&maildir = context_.maildir, &spool, trace = trace_headers()] {
    return maildir.store(trace, [&spool](std::uint64_t offset, std::size_t max, std::string& out) {
      return spool.read_now(offset, max, out);
    });
  };
  const auto done = co_await context_.offload.run(context_.loop, job);
  const auto stored = done ? *done : Result<std::string>(std::unexpected(done.error()));
  if (!stored) {
    context_.log.write(
        LogLine("inbox_disk", LogLevel::error).src(peer_).add("what", stored.error().text));
    co_return Reply::of(451, "4.3.0", "the message could not be stored");
  }
  context_.log.write(LogLine("captured")
                         .src(peer_)
                         .add("id", *stored)
                         .add("from", sender_ ? sender_->to_string() : "")
                         .add("recipients", recipients_.size())
                         .add("bytes", spool.size()));
  co_return Reply::of(250, "2.0.0", "ok: queued as " + *stored);
}

std::string CaptureSession::trace_headers() const {
  // Addresses are written as they are: a parsed Mailbox holds no control byte, and a field that was
  // folded or encoded would no longer be the address.
  std::string out = "Return-Path: <" + (sender_ ? sender_->to_string() : "") + ">\r\n";
  for (const smtp::Mailbox& recipient : recipients_) {
    out += "Delivered-To: " + recipient.to_string() + "\r\n";
  }
  return out + mail::format_field("X-Sekisho-Captured",
                                  iso8601_utc(std::chrono::system_clock::now()) + " from " +
                                      peer_.to_string() + " as " + encode_for_header(helo_));
}

Task<Result<void>> CaptureSession::reply(const Reply& reply) {
  unsent_ += reply.wire();
  if (reader_.has_ahead() && unsent_.size() < kMaxUnsent) co_return Result<void>{};
  co_return co_await flush();
}

Task<Result<void>> CaptureSession::flush() {
  if (unsent_.empty()) co_return Result<void>{};
  const std::string bytes = std::exchange(unsent_, {});
  co_return co_await stream_->write_all(bytes, Deadline::in(kReplyTime));
}

}  // namespace sekisho::inbox
