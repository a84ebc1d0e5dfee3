#include "gateway/delivery_leg.h"

#include <algorithm>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "gateway/upstream/needs.h"

namespace sekisho {
namespace {

using smtp::Reply;

// A client waits 5 minutes for an answer to RCPT (RFC 5321 4.5.3.2.3); give up well before.
constexpr auto kRecipientBound = 4min;
constexpr auto kLeaseWait = 60s;

// With less time than this for the upstream's answer, the dot had better not go up.
constexpr auto kTimeForTheAnswer = 30s;

// One stale pooled connection, then one fresh one, for each upstream: enough for any failover.
constexpr std::size_t kTriesPerUpstream = 2;

std::string summary_of(const upstream::SmtpClient::Answer& answer) {
  const auto* refusal = std::get_if<Reply>(&answer);
  return refusal != nullptr ? refusal->summary()
                            : std::get<upstream::UpstreamAcceptance>(answer).reply().summary();
}

}  // namespace

DeliveryLeg::~DeliveryLeg() {
  if (lease_) pool_.drop(take_lease(), Error{ErrorKind::cancelled, "transaction given up"});
}

void DeliveryLeg::begin(Deadline bound) {
  bound_ = bound;
  tries_left_ = kTriesPerUpstream * (upstreams_.size() + 1);
  if (lease_) lease_->client->set_bound(bound);
}

upstream::Pool::Lease DeliveryLeg::take_lease() {
  follow_.reset();
  transaction_open_ = false;
  text_sent_ = false;
  upstream::Pool::Lease lease = std::move(*lease_);
  lease_.reset();
  return lease;
}

void DeliveryLeg::drop(const Error& why) {
  last_words_ = why.text;
  failure_ = why;
  const bool fresh = lease_->fresh;
  if (fresh) passed_over_.push_back(lease_->upstream->name);
  fresh_only_ = !fresh;
  if (tries_left_ > 0) --tries_left_;
  pool_.drop(take_lease(), why);
}

Task<Result<void>> DeliveryLeg::acquire(const mail::Envelope& envelope) {
  if (lease_) co_return Result<void>{};
  auto lease =
      co_await pool_.lease(upstreams_, passed_over_, fresh_only_,
                           bound_.or_sooner(Deadline::in(kLeaseWait)), cancel_, envelope.client);
  if (!lease) co_return std::unexpected(std::move(lease.error()));
  lease_ = std::move(*lease);
  held_since_ = Clock::now();
  upstream_ = lease_->upstream->name;
  upstream::SmtpClient& client = *lease_->client;
  client.set_bound(bound_);
  follow_.emplace(cancel_, [&client] { client.cancel(); });
  if (cancel_.cancelled()) client.cancel();
  co_return Result<void>{};
}

// Opens the transaction on the leased connection where it is not open, with every recipient that
// was accepted before, and asks about `pending`. The reply is the one to `pending`, or to a refused
// MAIL.
Task<Result<Reply>> DeliveryLeg::ask(const mail::Envelope& envelope,
                                     const upstream::Recipient* pending) {
  rcpt_answered_ = false;
  refused_late_ = false;
  std::vector<const upstream::Recipient*> recipients;
  if (!transaction_open_)
    for (const auto& accepted : recipients_) recipients.push_back(&accepted);
  if (pending != nullptr) recipients.push_back(pending);
  if (recipients.empty()) co_return Reply::of(250, "2.0.0", "ok");

  if (!transaction_open_)
    if (auto introduced = co_await lease_->client->introduce(envelope.client); !introduced)
      co_return std::unexpected(std::move(introduced.error()));
  const upstream::Carrier carrier{.capabilities = lease_->client->capabilities(),
                                  .tls_verified = lease_->client->tls_verified()};
  if (auto refused = refuse_envelope(envelope, carrier)) co_return std::move(*refused);
  for (std::size_t i = 0; i < recipients.size(); ++i) {
    auto refused = refuse_recipient(recipients[i]->parameters, carrier);
    if (refused && recipients[i] == pending) co_return std::move(*refused);
    if (refused && on_credit_) co_return refuse_late(i, *refused, pending == nullptr);
    if (refused)
      co_return fail(ErrorKind::unavailable,
                     fmt::format("{} can't carry a recipient that was accepted", upstream_));
  }

  if (transaction_open_) {
    auto answers = co_await lease_->client->rcpts(std::move(recipients));
    if (!answers) co_return std::unexpected(std::move(answers.error()));
    rcpt_answered_ = true;
    co_return std::move(answers->front());
  }
  auto replies = co_await lease_->client->mail_and_rcpts(envelope, recipients);
  if (!replies) co_return std::unexpected(std::move(replies.error()));
  if (!replies->mail.positive()) co_return std::move(replies->mail);
  transaction_open_ = true;
  mail_taken_ = true;
  for (std::size_t i = 0; i < recipients.size(); ++i) {
    const Reply& reply = replies->rcpts[i];
    if (recipients[i] == pending || reply.positive()) continue;
    if (reply.code != 421 && on_credit_) co_return refuse_late(i, reply, pending == nullptr);
    co_return fail(ErrorKind::unavailable,
                   fmt::format("{} no longer takes a recipient that was accepted: {}", upstream_,
                               reply.summary()));
  }
  on_credit_ = false;
  rcpt_answered_ = pending != nullptr;
  co_return std::move(replies->rcpts.back());
}

// A recipient that was taken for known is refused. Its own answer is right for a message that is
// for it alone; with others the client sends again, and then the upstream is asked at RCPT for
// each.
Reply DeliveryLeg::refuse_late(std::size_t which, const Reply& reply, bool with_message) {
  if (cache_ != nullptr) cache_->forget(upstreams_, recipients_[which].grant.recipient());
  const std::string words =
      fmt::format("<{}>: {}", recipients_[which].grant.recipient().to_string(), reply.summary());
  pause();  // what the open transaction has is not what the client was told
  refused_late_ = true;
  if (with_message && recipients_.size() == 1) return reply;
  return Reply::of(451, "4.2.0", fmt::format("a recipient is refused now, try again: {}", words));
}

std::optional<Reply> DeliveryLeg::recall(const upstream::Recipient& recipient) {
  answered_from_cache_ = false;
  if (cache_ == nullptr) return std::nullopt;
  auto known = cache_->find(upstreams_, recipient.grant.recipient(), Clock::now());
  // Where the transaction is open, asking costs little, and says whether it still holds.
  if (!known || (transaction_open_ && known->reply.positive())) return std::nullopt;
  answered_from_cache_ = true;
  if (!lease_) upstream_ = std::move(known->upstream);
  last_words_ = known->reply.summary();
  if (known->reply.positive()) {
    recipients_.push_back(recipient);
    on_credit_ = true;
  }
  return to_client(known->reply, known->reply.positive() ? "1.5" : "1.0");
}

Task<Result<Reply>> DeliveryLeg::ask_with_failover(const mail::Envelope& envelope,
                                                   const upstream::Recipient* pending) {
  while (true) {
    if (auto acquired = co_await acquire(envelope); !acquired) {
      // That no other one is left says less than what became of the last one.
      const bool none_left = failure_ && acquired.error().kind == ErrorKind::unavailable &&
                             passed_over_.size() >= upstreams_.size();
      Error why = none_left ? *failure_ : std::move(acquired.error());
      last_words_ = why.text;
      co_return std::unexpected(std::move(why));
    }
    auto reply = co_await ask(envelope, pending);
    if (reply && reply->code != 421) {
      last_words_ = reply->summary();
      co_return std::move(reply);
    }
    Error why = reply ? Error{ErrorKind::closed, reply->summary()} : std::move(reply.error());
    drop(why);
    if (why.kind == ErrorKind::cancelled || tries_left_ == 0 || bound_.passed(Clock::now()))
      co_return std::unexpected(std::move(why));
  }
}

Task<Reply> DeliveryLeg::add_recipient(const mail::Envelope& envelope,
                                       upstream::Recipient recipient) {
  begin(Deadline::in(kRecipientBound));
  auto reply = co_await ask_with_failover(envelope, &recipient);
  if (!reply) co_return unavailable(reply.error());
  if (cache_ != nullptr && rcpt_answered_)
    cache_->learn(upstreams_, recipient.grant.recipient(), *reply, upstream_, Clock::now());
  if (reply->positive()) recipients_.push_back(std::move(recipient));
  // RFC 3463 section 3.2: X.1.5 says that the address is valid, X.1.0 says nothing more of it.
  co_return to_client(*reply, reply->positive() ? "1.5" : "1.0");
}

// DATA, or what stands for it. An Error may be tried elsewhere.
Task<Result<std::optional<Reply>>> DeliveryLeg::begin_text() {
  upstream::SmtpClient& client = *lease_->client;
  if (client.is_binary()) {
    if (auto begun = client.begin_chunks(); !begun)
      co_return std::unexpected(std::move(begun.error()));
    co_return std::nullopt;
  }
  auto go_ahead = co_await client.data();
  if (!go_ahead) co_return std::unexpected(std::move(go_ahead.error()));
  if (go_ahead->code == 421) co_return fail(ErrorKind::closed, go_ahead->summary());
  if (go_ahead->code == 354) co_return std::nullopt;
  last_words_ = go_ahead->summary();
  // A 2xx to DATA is no answer of SMTP: we don't know what that server will make of the next line.
  if (go_ahead->positive()) co_return fail(ErrorKind::protocol, go_ahead->summary());
  co_return to_client(*go_ahead, "0.0");
}

// One piece of the message. A Reply refuses the chunk that it was in.
Task<Result<std::optional<Reply>>> DeliveryLeg::send(std::string_view bytes) {
  auto refused = co_await lease_->client->send(bytes);
  if (!refused) co_return std::unexpected(std::move(refused.error()));
  if (!*refused) co_return std::nullopt;
  last_words_ = (*refused)->summary();
  co_return to_client(**refused, "0.0");
}

// DATA and the bytes. An Error may be tried elsewhere.
Task<Result<std::optional<Reply>>> DeliveryLeg::transfer(Text text) {
  if (auto refused = co_await begin_text(); !refused || *refused) co_return refused;
  if (auto refused = co_await send(text.header_section); !refused || *refused) co_return refused;
  std::string block;
  for (std::uint64_t offset = 0; offset < text.body.size(); offset += block.size()) {
    auto read = co_await text.body.read(offset, block);
    if (!read || block.empty()) {
      // Not the upstream's fault, and no other upstream can help.
      last_words_ = read ? "the spool ended early" : read.error().text;
      pool_.drop(take_lease(), Error{ErrorKind::cancelled, "the message can't be read"});
      co_return Reply::of(451, "4.3.0", "temporary storage problem, try again");
    }
    if (auto refused = co_await send(block); !refused || *refused) co_return refused;
  }
  text_sent_ = true;
  co_return std::nullopt;
}

bool DeliveryLeg::given_up(const Error& why) const {
  return why.kind == ErrorKind::cancelled || why.kind == ErrorKind::limit || tries_left_ == 0 ||
         bound_.passed(Clock::now());
}

bool DeliveryLeg::ready() { return lease_ && text_sent_ && !lease_->client->stale(); }

Task<std::optional<Reply>> DeliveryLeg::prepare(const mail::Envelope& envelope, Text text) {
  while (!ready()) {
    if (text_sent_) {
      const Error why{ErrorKind::closed, "the connection was lost before the final dot"};
      drop(why);
      if (given_up(why)) co_return unavailable(why);
    }
    auto opened = co_await ask_with_failover(envelope, nullptr);
    if (!opened) co_return unavailable(opened.error());
    if (!opened->positive() && (refused_late_ || !mail_taken_)) {
      // Nobody was asked before the message came: these are the first words of the upstream.
      pause();
      co_return to_client(*opened, "0.0");
    }
    if (!opened->positive()) {
      // MAIL was taken before and is refused now: the recipients' 250 can't be kept.
      pause();
      co_return Reply::of(451, "4.4.2",
                          "the mail server behind this gateway changed its mind, try again");
    }
    auto refused = co_await transfer(text);
    if (refused && *refused) {
      pause();
      co_return std::move(*refused);
    }
    if (refused) co_return std::nullopt;  // the dot follows at once, or prepare() is called again
    const Error why = std::move(refused.error());
    drop(why);
    if (given_up(why)) co_return unavailable(why);
  }
  co_return std::nullopt;
}

Task<LegOutcome> DeliveryLeg::finish() {
  if (bound_.remaining(Clock::now()) < kTimeForTheAnswer) {
    // Not the upstream's fault, and nothing that another one could mend.
    const Error why{ErrorKind::limit, "no time is left to wait for the upstream's answer"};
    drop(why);
    co_return unavailable(why);
  }
  auto answers = co_await lease_->client->finish();
  if (!answers || answers->empty()) {
    drop(answers ? Error{ErrorKind::protocol, "no answer to the final dot"} : answers.error());
    co_return no_answer();
  }
  co_return take_answers(std::move(*answers));
}

// Who got no answer of its own is not known to have the message.
LegOutcome DeliveryLeg::take_answers(std::vector<upstream::SmtpClient::Answer> answers) {
  const std::size_t expected = lease_->client->answers_each() ? recipients_.size() : 1;
  const std::size_t came = answers.size();
  if (came > expected) {  // whose would they be?
    drop(Error{ErrorKind::protocol, "more answers to the final dot than recipients"});
    return no_answer();
  }
  std::string words = summary_of(answers.front());
  std::string refused;
  std::size_t taken = 0;
  std::vector<LegOutcome::Answer> outcome;
  for (std::size_t i = 0; i < came; ++i) {
    if (const auto* refusal = std::get_if<Reply>(&answers[i])) {
      if (refused.empty())
        refused = fmt::format("; <{}>: {}", recipients_[i].grant.recipient().to_string(),
                              refusal->summary());
      outcome.emplace_back(to_client(*refusal, "0.0"));
    } else {
      ++taken;
      outcome.push_back(std::move(answers[i]));
    }
  }
  while (outcome.size() < expected) outcome.emplace_back(no_answer());
  if (came < expected) refused += fmt::format("; {} got no answer", expected - came);
  if (expected > 1 && taken < expected)
    words = fmt::format("accepted for {} of {} recipients{}", taken, expected, refused);
  if (came < expected)
    drop(Error{ErrorKind::closed, "the connection was lost among the answers to the final dot"});
  else
    pause();
  last_words_ = std::move(words);
  return LegOutcome(std::move(outcome));
}

void DeliveryLeg::pause() {
  if (!lease_) return;
  upstream::Pool::Lease lease = take_lease();
  if (cancel_.cancelled())
    pool_.drop(std::move(lease), Error{ErrorKind::cancelled, "the session was cut"});
  else
    pool_.reset_and_give_back(std::move(lease));
}

}  // namespace sekisho
