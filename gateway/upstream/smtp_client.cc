#include "gateway/upstream/smtp_client.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "gateway/net/resolve.h"
#include "gateway/smtp/dot_codec.h"
#include "gateway/upstream/dial.h"

namespace sekisho::upstream {
namespace {

using smtp::Reply;

// The encoded message is written in blocks of this size (a third more where every line is a dot).
// What is below it goes out together with the dot: one segment for a small message.
constexpr std::size_t kBlockBytes = 64 * 1024;
constexpr auto kQuitWait = 2s;
constexpr auto kCloseWait = 1s;

enum class State : std::uint8_t {
  idle,         // after EHLO, RSET, or the answer to the dot
  transaction,  // MAIL was accepted, or may have been
  data,         // between 354 and the dot
  dot_sent,     // the dot may be with the upstream; its answer was not understood
};

// RFC 5321 leaves no room for a control byte in an address, and the parser took none; but an
// address is the one place where a client's bytes enter a command line, so this is looked at twice.
bool fits_command(std::string_view line) {
  return std::ranges::all_of(line, [](char c) { return c >= ' ' && c < '\x7f'; });
}

std::string mail_command(const mail::Envelope& envelope, const smtp::Capabilities& upstream) {
  std::string line = fmt::format("MAIL FROM:<{}>", envelope.sender_text());
  const smtp::MailParameters& parameters = envelope.parameters;
  if (upstream.has_size && parameters.size) line += fmt::format(" SIZE={}", *parameters.size);
  if (upstream.eight_bit_mime && parameters.body == smtp::Body::eight_bit_mime)
    line += " BODY=8BITMIME";
  return line;
}

std::string rcpt_command(const relay::RelayGrant& grant) {
  return fmt::format("RCPT TO:<{}>", grant.recipient().to_string());
}

Error out_of_order(std::string_view what) {
  return Error{ErrorKind::invalid, fmt::format("{} is not possible now", what)};
}

}  // namespace

struct SmtpClient::Impl {
  std::string name;
  std::chrono::milliseconds command_timeout{};
  std::chrono::milliseconds data_timeout{};
  std::chrono::milliseconds final_timeout{};
  CancelSource cancel;  // the stream in `channel` refers to it
  std::unique_ptr<ReplyChannel> channel;
  smtp::Capabilities capabilities;
  std::string note;
  State state = State::idle;
  std::int64_t messages = 0;
  smtp::DotEncoder encoder;
  std::string out;  // encoded, not yet written

  // A command and its reply, 2xx, 4xx or 5xx; DATA may be answered with 354 and not with 2xx.
  Task<Result<Reply>> ask(std::string line, std::string_view what) {
    if (!fits_command(line))
      co_return std::unexpected(channel->break_with(
          {ErrorKind::invalid, fmt::format("{} would hold a byte that no command may", what)}));
    line += "\r\n";
    auto reply = co_await channel->ask(line, what, Deadline::in(command_timeout));
    if (!reply) co_return reply;
    co_return check(std::move(*reply), what);
  }

  Result<Reply> check(Reply reply, std::string_view what) {
    const bool fits = what == "DATA" ? reply.code == 354 : reply.positive();
    if (fits || reply.transient() || reply.permanent()) return reply;
    return std::unexpected(channel->break_with(
        {ErrorKind::protocol, fmt::format("{} was answered with: {}", what, reply.summary())}));
  }

  // What is in `out`, as the next block. Any word from the upstream before the dot is the end.
  Task<Result<void>> flush(std::string_view what, Deadline deadline) {
    auto early = co_await channel->write(out, what, deadline);
    out.clear();
    if (!early) co_return std::unexpected(std::move(early.error()));
    if (*early)
      co_return fail(ErrorKind::closed,
                     fmt::format("before {} the upstream said: {}", what, (*early)->summary()));
    co_return Result<void>{};
  }
};

SmtpClient::SmtpClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SmtpClient::~SmtpClient() = default;

Task<Result<std::unique_ptr<SmtpClient>>> SmtpClient::connect(
    Loop& loop, Offload& offload, std::string name, const UpstreamSettings& settings,
    std::shared_ptr<const TlsContext> tls, std::string hostname, Deadline deadline,
    CancelSource& cancel) {
  if (cancel.cancelled()) co_return fail(ErrorKind::cancelled, "cancelled");
  auto impl = std::make_unique<Impl>();
  impl->name = std::move(name);
  impl->command_timeout = settings.command_timeout;
  impl->data_timeout = settings.data_timeout;
  impl->final_timeout = settings.final_timeout;
  const CancelSource::Registration outer(cancel, [&] { impl->cancel.cancel(); });

  auto addresses = co_await resolve_host(loop, offload, settings.host,
                                         static_cast<std::uint16_t>(settings.port));
  if (!addresses) co_return std::unexpected(std::move(addresses.error()));
  const Dialing how{loop, settings, std::move(tls), std::move(hostname), deadline, impl->cancel};
  Error last{ErrorKind::unavailable, fmt::format("{} has no address", settings.host)};
  for (const Endpoint& address : *addresses) {
    if (impl->cancel.cancelled()) co_return fail(ErrorKind::cancelled, "cancelled");
    auto dialed = co_await dial(how, address);
    if (dialed) {
      impl->channel = std::move(dialed->channel);
      impl->capabilities = std::move(dialed->capabilities);
      impl->note = std::move(dialed->note);
      co_return std::unique_ptr<SmtpClient>(new SmtpClient(std::move(impl)));
    }
    last = std::move(dialed.error());
    if (last.kind == ErrorKind::cancelled || deadline.passed(Clock::now())) break;
  }
  co_return std::unexpected(std::move(last));
}

const smtp::Capabilities& SmtpClient::capabilities() const { return impl_->capabilities; }
const TlsInfo* SmtpClient::tls() const { return impl_->channel->stream().tls(); }
const std::string& SmtpClient::note() const { return impl_->note; }
std::int64_t SmtpClient::messages() const { return impl_->messages; }

Task<Result<SmtpClient::MailReplies>> SmtpClient::mail_and_rcpt(const mail::Envelope& envelope,
                                                                const relay::RelayGrant& first) {
  Impl& me = *impl_;
  if (me.state != State::idle) co_return std::unexpected(out_of_order("MAIL"));
  const std::string mail = mail_command(envelope, me.capabilities);
  const std::string rcpt = rcpt_command(first);
  if (!fits_command(mail) || !fits_command(rcpt))
    co_return std::unexpected(me.channel->break_with(
        {ErrorKind::invalid, "an address holds a byte that no command may"}));
  me.state = State::transaction;

  if (!me.capabilities.pipelining) {
    auto mail_reply = co_await me.ask(mail, "MAIL");
    if (!mail_reply) co_return std::unexpected(std::move(mail_reply.error()));
    if (!mail_reply->positive()) {
      me.state = State::idle;
      co_return MailReplies{*mail_reply, *mail_reply};
    }
    auto rcpt_reply = co_await me.ask(rcpt, "RCPT");
    if (!rcpt_reply) co_return std::unexpected(std::move(rcpt_reply.error()));
    co_return MailReplies{std::move(*mail_reply), std::move(*rcpt_reply)};
  }

  ReplyChannel& channel = *me.channel;
  const Deadline deadline = Deadline::in(me.command_timeout);
  auto farewell = co_await channel.write(fmt::format("{}\r\n{}\r\n", mail, rcpt), "MAIL", deadline);
  if (!farewell) co_return std::unexpected(std::move(farewell.error()));
  if (*farewell) co_return MailReplies{**farewell, **farewell};
  auto mail_reply = co_await channel.read("MAIL", deadline);
  if (mail_reply) mail_reply = me.check(std::move(*mail_reply), "MAIL");
  if (!mail_reply) co_return std::unexpected(std::move(mail_reply.error()));
  // After a 421 the connection ends; whether RCPT is still answered doesn't matter.
  if (mail_reply->code == 421) co_return MailReplies{*mail_reply, *mail_reply};
  auto rcpt_reply = co_await channel.read("RCPT", Deadline::in(me.command_timeout));
  channel.settle();
  if (rcpt_reply) rcpt_reply = me.check(std::move(*rcpt_reply), "RCPT");
  if (mail_reply->positive()) {
    if (!rcpt_reply) co_return std::unexpected(std::move(rcpt_reply.error()));
    co_return MailReplies{std::move(*mail_reply), std::move(*rcpt_reply)};
  }
  // MAIL was refused, which stands whatever became of RCPT; but an upstream that takes a recipient
  // for a refused sender is not one to go on with.
  if (rcpt_reply && rcpt_reply->positive())
    channel.break_with({ErrorKind::protocol, "RCPT was taken although MAIL was refused"});
  me.state = State::idle;
  co_return MailReplies{*mail_reply, rcpt_reply ? *rcpt_reply : *mail_reply};
}

Task<Result<Reply>> SmtpClient::rcpt(const relay::RelayGrant& recipient) {
  if (impl_->state != State::transaction) co_return std::unexpected(out_of_order("RCPT"));
  co_return co_await impl_->ask(rcpt_command(recipient), "RCPT");
}

Task<Result<Reply>> SmtpClient::data() {
  Impl& me = *impl_;
  if (me.state != State::transaction) co_return std::unexpected(out_of_order("DATA"));
  auto reply = co_await me.ask("DATA", "DATA");
  if (!reply || reply->code != 354) co_return reply;
  // "354 … 250 …" in one breath: the 250 would be taken for the answer to our dot.
  if (me.channel->broken()) co_return std::unexpected(me.channel->why_broken());
  me.state = State::data;
  me.encoder = smtp::DotEncoder();
  me.out.clear();
  co_return reply;
}

Task<Result<void>> SmtpClient::send(std::string_view bytes) {
  Impl& me = *impl_;
  if (me.state != State::data) co_return std::unexpected(out_of_order("message text"));
  while (!bytes.empty()) {
    if (me.out.size() >= kBlockBytes) {
      auto sent = co_await me.flush("message text", Deadline::in(me.data_timeout));
      if (!sent) co_return sent;
    }
    const std::string_view slice = bytes.substr(0, kBlockBytes - me.out.size());
    me.encoder.feed(slice, me.out);
    bytes.remove_prefix(slice.size());
  }
  co_return Result<void>{};
}

Task<Result<std::variant<UpstreamAcceptance, Reply>>> SmtpClient::finish() {
  Impl& me = *impl_;
  if (me.state != State::data) co_return std::unexpected(out_of_order("the final dot"));
  me.state = State::dot_sent;  // from here on there is no way back to `data`: one dot at most
  me.encoder.finish(me.out);
  auto sent = co_await me.flush("the final dot", Deadline::in(me.data_timeout));
  std::string().swap(me.out);  // an idle connection keeps no buffer
  if (!sent) co_return std::unexpected(std::move(sent.error()));
  auto reply = co_await me.channel->read("the final dot", Deadline::in(me.final_timeout));
  me.channel->settle();
  if (reply) reply = me.check(std::move(*reply), "the final dot");
  if (!reply) co_return std::unexpected(std::move(reply.error()));
  me.state = State::idle;
  ++me.messages;
  if (reply->positive()) co_return UpstreamAcceptance(me.name, std::move(*reply));
  co_return std::move(*reply);
}

Task<bool> SmtpClient::reset() {
  Impl& me = *impl_;
  if (me.state == State::idle) co_return reusable();
  if (me.state != State::transaction) co_return false;
  auto reply = co_await me.ask("RSET", "RSET");
  if (!reply || !reply->positive()) co_return false;
  me.state = State::idle;
  co_return reusable();
}

bool SmtpClient::reusable() const {
  return impl_->state == State::idle && !impl_->channel->broken() && !impl_->cancel.cancelled();
}

bool SmtpClient::stale() { return impl_->channel->broken() || impl_->channel->spoke(); }

Task<void> SmtpClient::quit() {
  Impl& me = *impl_;
  const bool may_speak = me.state == State::idle || me.state == State::transaction;
  if (may_speak && !me.channel->broken())
    (void)co_await me.channel->ask("QUIT\r\n", "QUIT", Deadline::in(kQuitWait));
  co_await me.channel->stream().close(Deadline::in(kCloseWait));
  me.channel->break_with({ErrorKind::closed, "we said goodbye"});
}

void SmtpClient::cancel() { impl_->cancel.cancel(); }

}  // namespace sekisho::upstream
