#include "gateway/upstream/smtp_client.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "gateway/upstream/commands.h"
#include "gateway/upstream/dial.h"
#include "gateway/upstream/outgoing_text.h"

namespace sekisho::upstream {
namespace {

using smtp::Reply;

// Commands in one flight. Few enough bytes that they fit into what the system buffers for a peer
// that reads nothing while it writes its replies: else both would wait for each other (RFC 2920
// section 3.1).
constexpr std::size_t kFlightCommands = 100;
constexpr std::size_t kFlightBytes = 16 * 1024;
// So many on one connection are enough: Postfix gets slow at 10.
constexpr int kRefusals = 5;
constexpr auto kQuitWait = 2s;
constexpr auto kCloseWait = 1s;

enum class State : std::uint8_t {
  idle,         // after EHLO, RSET, or the answer to the dot
  transaction,  // MAIL was accepted, or may have been
  data,         // between 354 and the dot
  dot_sent,     // the dot may be with the upstream; its answer was not understood
};

std::string_view verb_of(std::string_view line) { return line.substr(0, 4); }

bool refused_mail(const std::vector<std::string>& lines, const std::vector<Reply>& replies) {
  return !replies.empty() && !replies.front().positive() && verb_of(lines.front()) == "MAIL";
}

// After a 421 nothing more is answered.
void fill_up(std::vector<Reply>& replies, std::size_t count) {
  while (replies.size() < count) replies.push_back(replies.back());
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
  bool answers_each = false;           // LMTP
  bool smtp_utf8 = false;              // of the transaction
  std::size_t accepted = 0;            // recipients of the transaction
  bool binary = false;                 // of the transaction: BDAT
  Deadline bound = Deadline::never();  // the caller's
  std::int64_t messages = 0;
  int refusals = 0;  // of whatever we said, since the last accepted message
  OutgoingText text;

  [[nodiscard]] Deadline within(Duration limit) const {
    return Deadline::in(limit).or_sooner(bound);
  }
  [[nodiscard]] bool in_step() const { return !channel->broken() && !cancel.cancelled(); }
  [[nodiscard]] bool reusable() const {
    return state == State::idle && in_step() && refusals < kRefusals;
  }

  // Before each write: a stream writes what needs no waiting even after cancel().
  Result<void> check_cancel() {
    if (!cancel.cancelled()) return {};
    return std::unexpected(channel->break_with({ErrorKind::cancelled, "cancelled"}));
  }

  // A command and its reply, 2xx, 4xx or 5xx; DATA may be answered with 354 and not with 2xx.
  Task<Result<Reply>> ask(std::string_view verb) {
    if (auto going = check_cancel(); !going) co_return std::unexpected(std::move(going.error()));
    auto reply = co_await channel->ask(fmt::format("{}\r\n", verb), verb, within(command_timeout));
    if (!reply) co_return reply;
    co_return check(std::move(*reply), verb);
  }

  Task<Result<std::vector<Reply>>> ask_all(std::vector<std::string> lines);
  Task<Result<std::optional<Reply>>> send_block();
  Task<Result<void>> fly(const std::vector<std::string>& lines, std::size_t end,
                         std::vector<Reply>& replies);

  Result<Reply> check(Reply reply, std::string_view what) {
    const bool fits = what == "DATA" ? reply.code == 354 : reply.positive();
    const bool refused = reply.transient() || reply.permanent();
    if (refused) ++refusals;
    if (fits || refused) return reply;
    return std::unexpected(channel->break_with(
        {ErrorKind::protocol, fmt::format("{} was answered with: {}", what, reply.summary())}));
  }

  void count_accepted(const std::vector<Reply>& rcpts) {
    accepted += static_cast<std::size_t>(std::ranges::count_if(rcpts, &Reply::positive));
  }
  Task<Result<Answer>> read_answer();

  // A block of text. Any word from the upstream before the dot is the end.
  Task<Result<void>> write_text(std::string_view block, std::string_view what) {
    if (auto going = check_cancel(); !going) co_return going;
    auto early = co_await channel->write(block, what, within(data_timeout));
    if (!early) co_return std::unexpected(std::move(early.error()));
    if (*early)
      co_return fail(ErrorKind::closed,
                     fmt::format("before {} the upstream said: {}", what, (*early)->summary()));
    co_return Result<void>{};
  }
};

// Where one flight ends that begins with `begin`.
std::size_t end_of_flight(const std::vector<std::string>& lines, std::size_t begin,
                          bool pipelining) {
  std::size_t end = begin + 1;
  std::size_t bytes = lines[begin].size();
  if (!pipelining) return end;
  for (; end < lines.size() && end - begin < kFlightCommands; ++end) {
    bytes += lines[end].size() + 2;
    if (bytes > kFlightBytes) break;
  }
  return end;
}

// The replies to MAIL and RCPTs, or to RCPTs alone: up to a 421, or to the refusal of the MAIL.
Task<Result<std::vector<Reply>>> SmtpClient::Impl::ask_all(std::vector<std::string> lines) {
  const auto fits = [this](std::string_view line) { return fits_command(line, smtp_utf8); };
  if (!std::ranges::all_of(lines, fits))
    co_return std::unexpected(
        channel->break_with({ErrorKind::invalid, "an address holds a byte that no command may"}));
  std::vector<Reply> replies;
  while (replies.size() < lines.size()) {
    const std::size_t end = end_of_flight(lines, replies.size(), capabilities.pipelining);
    if (auto flown = co_await fly(lines, end, replies); !flown)
      co_return std::unexpected(std::move(flown.error()));
    if (replies.back().code == 421 || refused_mail(lines, replies)) break;
  }
  co_return std::move(replies);
}

// The lines that have no reply yet, up to `end`, in one flight.
Task<Result<void>> SmtpClient::Impl::fly(const std::vector<std::string>& lines, std::size_t end,
                                         std::vector<Reply>& replies) {
  if (auto going = check_cancel(); !going) co_return going;
  std::string flight;
  const std::size_t begin = replies.size();
  for (std::size_t i = begin; i < end; ++i) flight += lines[i] + "\r\n";
  using enum ReplyChannel::Meanwhile;
  auto farewell = co_await channel->write(flight, verb_of(lines[begin]), within(command_timeout),
                                          end - begin > 1 ? may_reply : silent);
  if (!farewell) co_return std::unexpected(std::move(farewell.error()));
  if (*farewell) {
    replies.push_back(std::move(**farewell));
    co_return Result<void>{};
  }
  for (std::size_t i = begin; i < end; ++i) {
    const std::string_view verb = verb_of(lines[i]);
    auto reply = co_await channel->read(verb, within(command_timeout));
    if (i + 1 == end) channel->settle();
    if (reply) reply = check(std::move(*reply), verb);
    if (refused_mail(lines, replies)) {
      // Which stands whatever becomes of the RCPTs; but an upstream that takes a recipient for a
      // refused sender is not one to go on with.
      if (!reply) break;
      if (reply->positive())
        channel->break_with({ErrorKind::protocol, "RCPT was taken although MAIL was refused"});
    } else {
      if (!reply) co_return std::unexpected(std::move(reply.error()));
      replies.push_back(std::move(*reply));
      // The connection ends; whether more replies come doesn't matter.
      if (replies.back().code == 421) break;
    }
  }
  co_return Result<void>{};
}

SmtpClient::SmtpClient(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
SmtpClient::~SmtpClient() { impl_->cancel.cancel(); }

Task<Result<std::unique_ptr<SmtpClient>>> SmtpClient::connect(Loop& loop, NameResolver& resolver,
                                                              Offload& offload,
                                                              const Upstream& upstream,
                                                              Deadline deadline,
                                                              CancelSource& cancel) {
  if (cancel.cancelled()) co_return fail(ErrorKind::cancelled, "cancelled");
  auto impl = std::make_shared<Impl>();
  const UpstreamSettings& settings = upstream.settings;
  impl->name = upstream.name;
  impl->answers_each = settings.protocol == Protocol::lmtp;
  impl->command_timeout = settings.command_timeout;
  impl->data_timeout = settings.data_timeout;
  impl->final_timeout = settings.final_timeout;
  const CancelSource::Registration outer(cancel, [&] { impl->cancel.cancel(); });

  const Dialing how{loop,     offload,          settings,    upstream.tls, upstream.hostname,
                    deadline, *upstream.logins, impl->cancel};
  TargetRace race(loop, settings, deadline, impl->cancel);
  if (auto found = co_await race.find(resolver); !found)
    co_return std::unexpected(std::move(found.error()));
  while (true) {
    auto connected = co_await race.next();
    if (!connected) co_return std::unexpected(std::move(connected.error()));
    auto dialed = co_await dial(how, connected->target, std::move(connected->stream));
    if (dialed) {
      impl->channel = std::move(dialed->channel);
      impl->capabilities = std::move(dialed->capabilities);
      impl->note = std::move(dialed->note);
      co_return std::unique_ptr<SmtpClient>(new SmtpClient(std::move(impl)));
    }
    if (dialed.error().kind == ErrorKind::cancelled)
      co_return std::unexpected(std::move(dialed.error()));
    race.note_failure(std::move(dialed.error()));
  }
}

const smtp::Capabilities& SmtpClient::capabilities() const { return impl_->capabilities; }
const TlsInfo* SmtpClient::tls() const { return impl_->channel->stream().tls(); }
const std::string& SmtpClient::note() const { return impl_->note; }
std::int64_t SmtpClient::messages() const { return impl_->messages; }

Task<Result<SmtpClient::MailReplies>> SmtpClient::mail_and_rcpts(
    const mail::Envelope& envelope, std::vector<const Recipient*> recipients) {
  const std::shared_ptr<Impl> me = impl_;
  if (me->state != State::idle) co_return std::unexpected(out_of_order("MAIL"));
  me->state = State::transaction;
  me->accepted = 0;
  me->smtp_utf8 = envelope.parameters.smtp_utf8 && me->capabilities.smtp_utf8;
  me->binary = envelope.parameters.body == smtp::Body::binary_mime;
  std::vector<std::string> lines{mail_command(envelope, me->capabilities)};
  for (const auto* recipient : recipients)
    lines.push_back(rcpt_command(*recipient, me->capabilities));
  auto replies = co_await me->ask_all(std::move(lines));
  if (!replies) co_return std::unexpected(std::move(replies.error()));
  if (!replies->front().positive()) {
    me->state = State::idle;
    co_return MailReplies{std::move(replies->front()), {}};
  }
  fill_up(*replies, 1 + recipients.size());
  MailReplies result{std::move(replies->front()), {}};
  replies->erase(replies->begin());
  result.rcpts = std::move(*replies);
  me->count_accepted(result.rcpts);
  co_return std::move(result);
}

Task<Result<std::vector<Reply>>> SmtpClient::rcpts(std::vector<const Recipient*> recipients) {
  const std::shared_ptr<Impl> me = impl_;
  if (me->state != State::transaction) co_return std::unexpected(out_of_order("RCPT"));
  std::vector<std::string> lines;
  for (const auto* recipient : recipients)
    lines.push_back(rcpt_command(*recipient, me->capabilities));
  auto replies = co_await me->ask_all(std::move(lines));
  if (!replies) co_return std::move(replies);
  fill_up(*replies, recipients.size());
  me->count_accepted(*replies);
  co_return std::move(replies);
}

Task<Result<Reply>> SmtpClient::data() {
  const std::shared_ptr<Impl> me = impl_;
  if (me->state != State::transaction || me->binary)
    co_return std::unexpected(out_of_order("DATA"));
  auto reply = co_await me->ask("DATA");
  if (!reply || reply->code != 354) co_return reply;
  // "354 … 250 …" in one breath: the 250 would be taken for the answer to our dot.
  if (me->channel->broken()) co_return std::unexpected(me->channel->why_broken());
  me->state = State::data;
  me->text = OutgoingText();
  co_return reply;
}

Result<void> SmtpClient::begin_chunks() {
  const bool possible = impl_->capabilities.binary_mime && impl_->capabilities.chunking;
  if (impl_->state != State::transaction || !impl_->binary || !possible)
    return std::unexpected(out_of_order("BDAT"));
  impl_->state = State::data;
  impl_->text = OutgoingText(OutgoingText::Form::chunks);
  return {};
}

Task<Result<std::optional<Reply>>> SmtpClient::send(std::string_view bytes) {
  const std::shared_ptr<Impl> me = impl_;
  if (me->state != State::data) co_return std::unexpected(out_of_order("message text"));
  while (!bytes.empty()) {
    if (me->text.full()) {
      auto refused = co_await me->send_block();
      if (!refused || *refused) co_return refused;
    }
    me->text.feed(bytes);
  }
  co_return std::nullopt;
}

// What is gathered, and more is to come. A chunk has a reply of its own, which says nothing of the
// message unless it refuses it.
Task<Result<std::optional<Reply>>> SmtpClient::Impl::send_block() {
  auto sent = co_await write_text(text.take_block(), "message text");
  if (!sent) co_return std::unexpected(std::move(sent.error()));
  if (!text.in_chunks()) co_return std::nullopt;
  auto reply = co_await channel->read("a chunk", within(data_timeout));
  channel->settle();
  if (reply) reply = check(std::move(*reply), "a chunk");
  if (!reply) co_return std::unexpected(std::move(reply.error()));
  if (channel->broken()) co_return std::unexpected(channel->why_broken());
  if (reply->positive()) co_return std::nullopt;
  state = State::transaction;
  co_return std::move(*reply);
}

Task<Result<SmtpClient::Answer>> SmtpClient::Impl::read_answer() {
  auto reply = co_await channel->read("the final dot", within(final_timeout));
  if (reply) reply = check(std::move(*reply), "the final dot");
  if (!reply) co_return std::unexpected(std::move(reply.error()));
  if (!reply->positive()) co_return std::move(*reply);
  refusals = 0;
  co_return UpstreamAcceptance(name, std::move(*reply));
}

Task<Result<std::vector<SmtpClient::Answer>>> SmtpClient::finish() {
  const std::shared_ptr<Impl> me = impl_;
  if (me->state != State::data) co_return std::unexpected(out_of_order("the final dot"));
  me->state = State::dot_sent;  // from here on there is no way back to `data`: one dot at most
  auto sent = co_await me->write_text(me->text.take_last(), "the final dot");
  me->text = OutgoingText();  // an idle connection keeps no buffer
  if (!sent) co_return std::unexpected(std::move(sent.error()));
  const std::size_t expected = me->answers_each ? me->accepted : 1;
  std::vector<Answer> answers;
  while (answers.size() < expected && !me->channel->broken()) {  // nothing follows a 421
    auto answer = co_await me->read_answer();
    if (!answer && answers.empty()) co_return std::unexpected(std::move(answer.error()));
    if (!answer) break;
    answers.push_back(std::move(*answer));
  }
  me->channel->settle();
  me->state = State::idle;
  ++me->messages;
  co_return std::move(answers);
}

bool SmtpClient::answers_each() const { return impl_->answers_each; }

Task<bool> SmtpClient::reset() {
  const std::shared_ptr<Impl> me = impl_;
  if (me->state == State::idle) co_return me->reusable();
  if (me->state != State::transaction) co_return false;
  auto reply = co_await me->ask("RSET");
  if (!reply || !reply->positive()) co_return false;
  me->state = State::idle;
  co_return me->reusable();
}

bool SmtpClient::is_binary() const { return impl_->binary; }
bool SmtpClient::reusable() const { return impl_->reusable(); }
bool SmtpClient::in_step() const { return impl_->in_step(); }
bool SmtpClient::in_transaction() const { return impl_->state == State::transaction; }
void SmtpClient::set_bound(Deadline whole) { impl_->bound = whole; }

bool SmtpClient::stale() { return impl_->channel->broken() || impl_->channel->spoke(); }

Task<void> SmtpClient::quit() {
  const std::shared_ptr<Impl> me = impl_;
  const bool may_speak = me->state == State::idle || me->state == State::transaction;
  if (may_speak && me->in_step())
    (void)co_await me->channel->ask("QUIT\r\n", "QUIT", me->within(kQuitWait));
  co_await me->channel->stream().close(me->within(kCloseWait));
  me->channel->break_with({ErrorKind::closed, "we said goodbye"});
}

void SmtpClient::cancel() { impl_->cancel.cancel(); }

}  // namespace sekisho::upstream
