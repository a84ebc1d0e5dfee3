#include "gateway/transaction.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "gateway/client_offer.h"
#include "gateway/discard.h"
#include "gateway/mail/received.h"

namespace sekisho {

using filters::Stage;
using smtp::Reply;

namespace {

// How long an average below the minimum data rate is let pass at the start of DATA.
constexpr auto kDataRateGrace = 30s;

// From the client's dot to our answer. A client waits 10 minutes (RFC 5321 section 4.5.3.2.6), then
// it sends the message again.
constexpr auto kAnswerBound = 9min;

// While others wait for an upstream connection, a silent client holds one no longer than this.
constexpr Duration kHoldWhileOthersWait = 200ms;

// A message may rightly pass this gateway once more (submission, then mx); more is a loop.
constexpr std::size_t kMaxOwnReceived = 4;

// Who logged in, or sends from within, is not one who guesses names.
upstream::RecipientCache* cache_for(const SessionView& session) {
  return session.plan.settings.profile == config::Profile::mx ? session.snapshot.recipients.get()
                                                              : nullptr;
}

bool too_slow(std::uint64_t bytes, Duration elapsed, Bytes per_second) {
  if (elapsed < kDataRateGrace) return false;
  const auto seconds =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(elapsed).count());
  return bytes / seconds < per_second.count;
}

}  // namespace

Transaction::Transaction(const SessionView& session, std::string id, smtp::MailCommand command)
    : session_(session),
      envelope_{.id = std::move(id),
                .client = &session.peer,
                .sender = std::move(command.sender),
                .parameters = std::move(command.parameters),
                .recipients = {}},
      message_(session.services.loop, session.services.offload, session.snapshot.spool,
               session.snapshot.settings.mime, session.services.workers.copies()),
      delivery_(session.services.pool, session.cancel, cache_for(session)),
      record_(Clock::now()) {}

void Transaction::refuse(Decider decider, Reply reply, std::string why) {
  if (refusal_) return;
  record_.decider = decider;
  record_.why = std::move(why);
  refusal_ = std::move(reply);
}

Task<std::optional<Transaction::Refused>> Transaction::check(Stage stage,
                                                             const smtp::Mailbox* recipient) {
  const PhaseTimer timer(record_.filter_time);
  const bool has_message = stage >= Stage::headers;
  filters::Wishes wishes{.route = route_, .delay = {}};
  filters::View view{.peer = session_.peer,
                     .envelope = envelope_,
                     .recipient = recipient,
                     .message = has_message ? &message_ : nullptr,
                     .edits = edits_,
                     .trace = trace_,
                     .wishes = wishes,
                     .authentication = authentication_,
                     .now = std::chrono::system_clock::now()};
  if (stage == Stage::sign) view.outgoing = &outgoing_;
  auto outcome = co_await session_.chain.run(stage, view);
  if (stage == Stage::mail) route_ = wishes.route;
  if (stage == Stage::end) texts_ = std::move(wishes.texts);
  recipient_route_ = std::move(wishes.route);
  if (outcome.delay.count() > 0) {
    pause();
    co_await session_.chain.wait(outcome.delay);
  }
  session_.hang_up = session_.hang_up || outcome.disconnects();
  discard_ = std::move(outcome.discard);
  if (outcome.quarantine) {
    record_.filter = outcome.filter;
    record_.why = outcome.quarantine_why;
    quarantine_why_ = outcome.quarantine_why;
  }
  if (!outcome.verdict.refuses()) co_return std::nullopt;
  co_return Refused{outcome.verdict.reply(), std::move(outcome.filter), outcome.verdict.why()};
}

Task<void> Transaction::check_message(Stage stage) {
  auto refused = co_await check(stage, nullptr);
  if (!refused) co_return;
  refuse(Decider::filter, std::move(refused->reply), std::move(refused->why));
  record_.filter = std::move(refused->filter);
}

SenderCheck Transaction::sender_check() const {
  return {*session_.snapshot.senders, session_.plan.settings.sender_policy, session_.peer,
          session_.services};
}

Task<Reply> Transaction::begin() {
  if (auto foreign = sender_check().at_mail(envelope_))
    refuse(Decider::sender, std::move(*foreign));
  else
    co_await check_message(Stage::mail);
  if (!refusal_) co_return Reply::of(250, "2.1.0", "sender ok");
  finish(&*refusal_);
  co_return *refusal_;
}

Task<void> Transaction::check_header_section() {
  const auto& settings = session_.snapshot.settings;
  const std::string looping =
      mail::loop_reason(message_.headers(), static_cast<std::size_t>(settings.limits.max_received),
                        kMaxOwnReceived, session_.snapshot.loop_token);
  if (!looping.empty()) {
    refuse(Decider::loop, Reply::of(554, "5.4.6", "mail loop: " + looping), looping);
    co_return;
  }
  if (auto foreign = sender_check().at_header(envelope_, message_.header_section(), edits_)) {
    refuse(Decider::sender, std::move(*foreign));
    co_return;
  }
  co_await check_message(Stage::headers);
}

Deadline Transaction::hold_until() const {
  if (!delivery_.holds_connection()) return Deadline::never();
  const Duration hold = session_.snapshot.settings.timeouts.upstream_hold;
  return Deadline::at(delivery_.held_since() +
                      (delivery_.others_wait() ? std::min(hold, kHoldWhileOthersWait) : hold));
}

Task<Result<std::string_view>> Transaction::read_block(Conversation& conversation, Deadline whole) {
  const Deadline block =
      whole.or_sooner(Deadline::in(session_.snapshot.settings.timeouts.data_block));
  auto bytes = co_await conversation.read_bytes(block.or_sooner(hold_until()));
  const bool timed_out = !bytes && bytes.error().kind == ErrorKind::timeout;
  if (!timed_out || !delivery_.holds_connection()) co_return bytes;
  pause();
  co_return co_await conversation.read_bytes(block);
}

void Transaction::begin_reception(Intake::Form form) {
  const auto& settings = session_.snapshot.settings;
  const Intake::Limits limits{.message_size = message_limit(session_.snapshot, session_.plan),
                              .header_size = settings.limits.max_header_size.count,
                              .text_line = static_cast<std::size_t>(settings.limits.max_text_line),
                              .bare_lf = session_.plan.bare_lf};
  reception_.emplace(Intake(message_, limits, form), Deadline::in(settings.timeouts.data));
}

// Reads to the end of the message or of the chunk.
Task<Result<void>> Transaction::read_message(Conversation& conversation) {
  const PhaseTimer timer(record_.receive_time);
  Intake& intake = reception_->intake;
  while (intake.wants_more()) {
    const TimePoint asked = Clock::now();
    auto bytes = co_await read_block(conversation, reception_->whole);
    if (!bytes) co_return std::unexpected(std::move(bytes.error()));
    reception_->waited += Clock::now() - asked;
    conversation.unread(bytes->substr(intake.decode(*bytes)));
    co_await take_in();
    if (intake.hopeless()) co_return fail(ErrorKind::limit, "message is far over the size limit");
    if (too_slow(intake.size(), reception_->waited,
                 session_.snapshot.settings.limits.min_data_rate))
      co_return fail(ErrorKind::timeout, "data rate is below the minimum");
  }
  co_return Result<void>{};
}

// What was decoded goes into the message, and is looked at.
Task<void> Transaction::take_in() {
  Intake& intake = reception_->intake;
  record_.size = intake.size();
  if (auto stored = co_await intake.store(); !stored)
    refuse(Decider::gateway, Reply::of(451, "4.3.0", "temporary storage problem, try again"),
           stored.error().text);
  framing_broken_ = intake.framing_broken();
  if (auto flawed = intake.refusal())
    refuse(flawed->code == 552 ? Decider::size : Decider::framing, std::move(*flawed));
  if (!reception_->header_checked && intake.header_complete() && !refusal_) {
    reception_->header_checked = true;
    co_await check_header_section();
  }
  if (refusal_) intake.stop_keeping();
}

Task<std::optional<Reply>> Transaction::receive(Conversation& conversation) {
  begin_reception(Intake::Form::data);
  if (auto read = co_await read_message(conversation); !read)
    co_return co_await give_up(std::move(read.error()));
  co_return co_await conclude();
}

Task<std::optional<Reply>> Transaction::receive_chunk(Conversation& conversation,
                                                      smtp::Chunk chunk) {
  const bool binary = envelope_.parameters.body == smtp::Body::binary_mime;
  if (!reception_) begin_reception(binary ? Intake::Form::binary : Intake::Form::chunks);
  Intake& intake = reception_->intake;
  intake.begin_chunk(chunk);
  if (intake.hopeless()) {
    // By its own word: an answer is possible, but what follows can't be obeyed.
    refuse(Decider::size, Reply::of(552, "5.3.4", "message is far over the size limit"));
    framing_broken_ = true;
    co_return co_await conclude();
  }
  if (auto read = co_await read_message(conversation); !read)
    co_return co_await give_up(std::move(read.error()));
  if (chunk.size == 0) co_await take_in();
  if (chunk.last) co_return co_await conclude();
  if (refusal_) {
    pause();
    co_return refusal_;
  }
  co_return Reply::of(250, "2.0.0",
                      fmt::format("{} bytes have come, and more is to come", chunk.size));
}

// The client is gone or hopeless: there is nothing to answer.
Task<std::optional<Reply>> Transaction::give_up(Error why) {
  ended_because_ = std::move(why);
  if (record_.why.empty()) record_.why = ended_because_.text;
  record_.decider = Decider::client;
  pause();
  co_await message_.body().discard();
  finish(nullptr);
  co_return std::nullopt;
}

// The message is whole, or refused.
Task<Reply> Transaction::conclude() {
  answer_by_ = Deadline::in(kAnswerBound);
  session_.services.counters.bytes_received.add(static_cast<double>(record_.size));
  if (!refusal_) co_await check_message(Stage::end);
  if (!refusal_ && discard_) co_return co_await drop();
  if (!refusal_) co_await prepare_to_send();
  message_.release_sealed();  // a slow upstream shall not hold it in memory twice
  co_return co_await answer(refusal_ ? std::move(*refusal_) : co_await deliver());
}

// By a filter's order, of a message that nothing else refused.
Task<Reply> Transaction::drop() {
  record_.decider = Decider::filter;
  record_.discarded = true;
  record_.filter = discard_->filter();
  record_.why = discard_->why();
  co_return co_await answer(
      discard_message(*discard_, session_.peer, envelope_, session_.services));
}

Task<Reply> Transaction::answer(Reply reply) {
  pause();
  co_await message_.body().discard();
  finish(&reply);
  if (session_.peer.lmtp) reply = answer_each(reply);
  co_return reply;
}

// What was decided before the message went up is decided for each recipient.
Reply Transaction::answer_each(const Reply& whole) {
  std::vector<Reply> each = handed_over_ ? delivery_.reply_for_each(envelope_.id)
                                         : std::vector<Reply>(envelope_.recipients.size(), whole);
  Reply first = std::move(each.front());
  to_others_.assign(std::make_move_iterator(each.begin() + 1), std::make_move_iterator(each.end()));
  return first;
}

bool Transaction::was_accepted(const Reply& whole) const {
  if (whole.positive() || !session_.peer.lmtp || !handed_over_) return whole.positive();
  return std::ranges::any_of(delivery_.reply_for_each(envelope_.id), &Reply::positive);
}

Task<Reply> Transaction::deliver() {
  const PhaseTimer timer(record_.delivery_time);
  handed_over_ = true;
  auto outcome = co_await delivery_.hand_over(
      envelope_, outgoing_header_section(), message_.body(), answer_by_,
      session_.peer.lmtp ? Answers::one_for_each : Answers::one_for_all);
  record_.decider = Decider::upstream;
  record_.legs = delivery_.report();
  if (const auto* acceptances = std::get_if<Acceptances>(&outcome))
    co_return final_reply(*acceptances, envelope_.id);
  co_return std::get<Reply>(std::move(outcome));
}

Task<void> Transaction::abandon() {
  pause();
  co_await message_.body().discard();
  // Between two chunks its message may have been refused, and the client knows.
  finish(refusal_ ? &*refusal_ : nullptr);
}

void Transaction::finish(const Reply* reply) {
  if (std::exchange(finished_, true)) return;
  session_.chain.ended(
      envelope_, {.accepted = reply != nullptr && was_accepted(*reply),
                  .discarded = record_.discarded,
                  .answers = answers_.take(handed_over_ ? delivery_.reply_for_each(envelope_.id)
                                                        : std::vector<Reply>())});
  // A transaction that never had a recipient is no message: its refusals were logged one by one.
  if (reply == nullptr && envelope_.recipients.empty()) return;
  const SessionCounters& counters = session_.services.counters;
  if (reply == nullptr)
    counters.abandoned.add();
  else if (!reply->positive())
    (reply->transient() ? counters.deferred : counters.rejected).add();
  else if (!record_.discarded)  // that has a counter of its own
    counters.accepted.add();
  session_.services.log.write(record_.line(session_.peer, envelope_, reply, Clock::now()));
}

}  // namespace sekisho
