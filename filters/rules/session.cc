#include "filters/rules/session.h"

#include <utility>

#include "filters/rules/fill_values.h"
#include "gateway/dns/client_name.h"
#include "rules/content/message_facts.h"
#include "rules/facts/session_facts.h"

namespace sekisho::filters::rule {
namespace {

namespace lang = ::sekisho::rules;
using lang::engine::Decision;

// The gateway has more stages than the language: a message is one to rules.
std::optional<lang::Stage> stage_of(Stage stage) {
  switch (stage) {
    case Stage::connect:
      return lang::Stage::connect;
    case Stage::helo:
      return lang::Stage::helo;
    case Stage::auth:
      return lang::Stage::auth;
    case Stage::mail:
      return lang::Stage::mail;
    case Stage::rcpt:
      return lang::Stage::rcpt;
    case Stage::end:
      return lang::Stage::message;
    case Stage::headers:
    case Stage::sign:
      break;
  }
  return std::nullopt;
}

}  // namespace

RulesSession::RulesSession(std::shared_ptr<const RuleBook> book, const std::string& name,
                           const SessionContext& context)
    : book_(std::move(book)), name_(name), context_(context), limits_(book_->counters()) {}

Where RulesSession::where(lang::Stage stage, const mail::Peer& peer, const mail::Envelope& envelope,
                          View* view) const {
  return {.book = *book_,
          .context = context_,
          .filter = name_,
          .stage = stage,
          .peer = peer,
          .envelope = envelope,
          .view = view};
}

// Where the DNS does not say, nobody knows whether the client has a name: that is no absence.
Task<void> RulesSession::look_up_client(const View& view) {
  if (rdns_ || !book_->asks_for("client.rdns")) co_return;
  if (view.peer.by_unix_socket() || !view.peer.address_known) {
    rdns_.emplace();
    co_return;
  }
  auto name = co_await dns::confirmed_name(context_.resolver, view.peer.remote.address,
                                           view.deadline, context_.cancel);
  if (!name) throw CheckFailed(name.error());
  rdns_ = std::move(*name).value_or("");
}

// All that rules want to know of the message, at once: what was not found was looked for.
Task<void> RulesSession::read_message(const View& view) {
  findings_.reset();
  if (view.message == nullptr) throw CheckFailed({ErrorKind::invalid, "no message to look at"});
  if (!book_->order) {
    findings_.emplace().size = view.message->size();  // which is known without a look into it
    co_return;
  }
  auto message = co_await view.message->sealed();
  if (!message) throw CheckFailed(message.error());
  const auto result =
      co_await context_.workers.run(context_.loop,
                                    {.kind = kContentJob,
                                     .input = book_->order->input(view.message->mime_limits()),
                                     .message = std::move(*message),
                                     .log_id = view.envelope.id},
                                    context_.cancel);
  if (!result) throw CheckFailed(result.error());
  auto findings = lang::content::decode_findings(*result, book_->plan);
  if (!findings) throw CheckFailed(findings.error());
  findings_ = std::move(*findings);
}

Task<Verdict> RulesSession::check(Stage stage, View& view) {
  if (stage == Stage::sign) {
    co_await sign_by_rules(context_, book_->keys, keys_, view);
    co_return Verdict::pass();
  }
  const auto at = stage_of(stage);
  if (!at) co_return Verdict::pass();
  if (*at >= lang::Stage::mail) give_back_refused(view.envelope);
  if (*at == lang::Stage::mail) {
    state_.begin_transaction();
    findings_.reset();
    keys_.clear();
  }
  limits_.begin(*at, Clock::now());
  authentication_ = view.authentication;
  Verdict verdict = Verdict::pass();
  if (*at == lang::Stage::message) co_await read_message(view);
  if (book_->program->has_work_at(*at)) {
    co_await look_up_client(view);
    const Decision decision =
        ask(*at, values_of(view.peer, view.envelope, view.recipient, view.now));
    Where place = where(*at, view.peer, view.envelope, &view);
    place.keys = &keys_;
    verdict = carry_out(decision, place);
  }
  if (*at == lang::Stage::connect && !verdict.refuses()) limits_.accept_connection();
  if (*at == lang::Stage::rcpt) {
    if (verdict.refuses())
      limits_.refuse_recipient();
    else
      passed_at_ = view.envelope.recipients.size();
  }
  co_return verdict;
}

// Of the recipient that we passed last: another filter or the upstream may have refused it since.
void RulesSession::give_back_refused(const mail::Envelope& envelope) {
  if (passed_at_ && envelope.recipients.size() <= *passed_at_) limits_.refuse_recipient();
  passed_at_.reset();
}

RulesSession::Values RulesSession::values_of(const mail::Peer& peer, const mail::Envelope& envelope,
                                             const smtp::Mailbox* recipient, WallTime now) const {
  Values values;
  values.server_name = context_.hostname;
  if (rdns_ && !rdns_->empty()) values.rdns = *rdns_;
  fill(values, peer, now);
  fill(values, envelope, recipient);
  fill(values, authentication_);
  return values;
}

Decision RulesSession::ask(lang::Stage stage, const Values& values) {
  const auto lists = book_->files->current();
  std::optional<lang::content::MessageFacts> message;
  if (findings_) message.emplace(book_->plan, *findings_, lists.get());
  const lang::facts::SessionFacts facts(values, message ? &*message : nullptr);
  return book_->program->run(stage, facts, *lists, limits_, state_);
}

// What only the outcome tells. A deferred recipient is neither taken nor refused: it comes again.
void RulesSession::count_outcome(const Values& values, const Ending& ending) {
  std::uint64_t taken = 0;
  std::uint64_t refused = 0;
  for (const Ending::Answer& answer : ending.answers) {
    if (answer.reply.positive()) ++taken;
    if (answer.reply.permanent()) ++refused;
  }
  if (taken + refused == 0) return;
  const auto lists = book_->files->current();
  const lang::facts::SessionFacts facts(values);
  for (std::size_t i = 0; i < book_->set->limits.size(); ++i) {
    const lang::Limit& limit = book_->set->limits[i];
    const bool of_refusals = limit.unit == lang::Limit::Unit::refusals;
    if (!limit.share && !of_refusals) continue;
    const auto key = book_->program->limit_key(i, lang::Stage::outcome, facts, *lists, state_);
    if (!key) continue;
    if (limit.share)
      limits_.count_share(i, *key, taken + refused, refused);
    else
      limits_.count(i, *key, refused);
  }
}

// There is no reply any more, and nobody to hear of a failure but the log.
void RulesSession::ended(const mail::Envelope& envelope, const Ending& ending) {
  give_back_refused(envelope);
  const auto settle = [&] {
    if (ending.accepted)
      limits_.accept();
    else
      limits_.refuse();
    findings_.reset();
  };
  try {
    ask_outcome(envelope, ending);
  } catch (...) {
    settle();  // what was sent counts, whatever becomes of the outcome's rules
    throw;
  }
  settle();
}

void RulesSession::ask_outcome(const mail::Envelope& envelope, const Ending& ending) {
  if (envelope.client == nullptr || !book_->wants_outcome()) return;
  Values values = values_of(*envelope.client, envelope, nullptr, std::chrono::system_clock::now());
  fill(values, ending);
  limits_.begin(lang::Stage::outcome, Clock::now());
  count_outcome(values, ending);
  const Decision decision = ask(lang::Stage::outcome, values);
  (void)carry_out(decision, where(lang::Stage::outcome, *envelope.client, envelope, nullptr));
}

}  // namespace sekisho::filters::rule
