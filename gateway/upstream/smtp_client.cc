#include "gateway/upstream/smtp_client.h"

#include <utility>

#include <fmt/format.h>

#include "gateway/upstream/dial.h"
#include "gateway/upstream/smtp_client_impl.h"

namespace sekisho::upstream {
namespace {

using smtp::Reply;

constexpr auto kQuitWait = 2s;
constexpr auto kCloseWait = 1s;

}  // namespace

SmtpClient::SmtpClient(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
SmtpClient::~SmtpClient() { impl_->cancel.cancel(); }

Task<Result<std::unique_ptr<SmtpClient>>> SmtpClient::connect(
    Loop& loop, NameResolver& resolver, Offload& offload, const Upstream& upstream,
    const mail::Peer* client, Deadline deadline, CancelSource& cancel) {
  if (cancel.cancelled()) co_return fail(ErrorKind::cancelled, "cancelled");
  auto impl = std::make_shared<Impl>();
  const UpstreamSettings& settings = upstream.settings;
  impl->name = upstream.name;
  impl->answers_each = settings.protocol == Protocol::lmtp;
  impl->command_timeout = settings.command_timeout;
  impl->data_timeout = settings.data_timeout;
  impl->final_timeout = settings.final_timeout;
  impl->hostname = upstream.hostname;
  impl->forward = settings.forward_client;
  impl->forward_login = settings.forward_login;
  const CancelSource::Registration outer(cancel, [&] { impl->cancel.cancel(); });

  const Dialing how{.loop = loop,
                    .offload = offload,
                    .settings = settings,
                    .tls = upstream.tls,
                    .hostname = upstream.hostname,
                    .preface = preface_of(settings.forward_client, client),
                    .deadline = deadline,
                    .logins = *upstream.logins,
                    .cancel = impl->cancel};
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
      impl->one_client = settings.forward_client == ForwardClient::proxy;
      impl->xclient_offer = offered_attributes(impl->capabilities, "XCLIENT");
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
const std::string& SmtpClient::forward_refused() const { return impl_->forward_refused; }
std::int64_t SmtpClient::messages() const { return impl_->messages; }

Task<Result<Reply>> SmtpClient::data() {
  const std::shared_ptr<Impl> me = impl_;
  if (me->state != Impl::State::transaction || me->binary)
    co_return std::unexpected(out_of_order("DATA"));
  auto reply = co_await me->ask("DATA");
  if (!reply || reply->code != 354) co_return reply;
  // "354 … 250 …" in one breath: the 250 would be taken for the answer to our dot.
  if (me->channel->broken()) co_return std::unexpected(me->channel->why_broken());
  me->state = Impl::State::data;
  me->text = OutgoingText();
  co_return reply;
}

Result<void> SmtpClient::begin_chunks() {
  const bool possible = impl_->capabilities.binary_mime && impl_->capabilities.chunking;
  if (impl_->state != Impl::State::transaction || !impl_->binary || !possible)
    return std::unexpected(out_of_order("BDAT"));
  impl_->state = Impl::State::data;
  impl_->text = OutgoingText(OutgoingText::Form::chunks);
  return {};
}

Task<Result<std::optional<Reply>>> SmtpClient::send(std::string_view bytes) {
  const std::shared_ptr<Impl> me = impl_;
  if (me->state != Impl::State::data) co_return std::unexpected(out_of_order("message text"));
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
  if (me->state != Impl::State::data) co_return std::unexpected(out_of_order("the final dot"));
  // From here on there is no way back to `data`: one dot at most.
  me->state = Impl::State::dot_sent;
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
  me->state = Impl::State::idle;
  ++me->messages;
  co_return std::move(answers);
}

bool SmtpClient::answers_each() const { return impl_->answers_each; }

Task<bool> SmtpClient::reset() {
  const std::shared_ptr<Impl> me = impl_;
  if (me->state == Impl::State::idle) co_return me->reusable();
  if (me->state != Impl::State::transaction) co_return false;
  auto reply = co_await me->ask("RSET");
  if (!reply || !reply->positive()) co_return false;
  me->state = Impl::State::idle;
  co_return me->reusable();
}

bool SmtpClient::is_binary() const { return impl_->binary; }
bool SmtpClient::reusable() const { return impl_->reusable(); }
bool SmtpClient::in_step() const { return impl_->in_step(); }
bool SmtpClient::in_transaction() const { return impl_->state == Impl::State::transaction; }
void SmtpClient::set_bound(Deadline whole) { impl_->bound = whole; }

bool SmtpClient::bound_to_client() const { return impl_->one_client; }

bool SmtpClient::stale() { return impl_->channel->broken() || impl_->channel->spoke(); }

Task<void> SmtpClient::quit() {
  const std::shared_ptr<Impl> me = impl_;
  const bool may_speak = me->state == Impl::State::idle || me->state == Impl::State::transaction;
  if (may_speak && me->in_step())
    (void)co_await me->channel->ask("QUIT\r\n", "QUIT", me->within(kQuitWait));
  co_await me->channel->stream().close(me->within(kCloseWait));
  me->channel->break_with({ErrorKind::closed, "we said goodbye"});
}

void SmtpClient::cancel() { impl_->cancel.cancel(); }

}  // namespace sekisho::upstream
