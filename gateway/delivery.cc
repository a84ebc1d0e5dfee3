#include "gateway/delivery.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "gateway/base/encode.h"

namespace sekisho {
namespace {

using smtp::Reply;

// A client waits 5 minutes for an answer to RCPT (RFC 5321 4.5.3.2.3); give up well before.
constexpr auto kLeaseWait = 60s;

// One stale pooled connection, then one fresh one, for each upstream: enough for any failover.
constexpr std::size_t kTriesPerUpstream = 2;

// Replies that say something about how this gateway and its upstream are set up, not about the
// mail.
bool speaks_of_the_servers(const Reply& reply) {
  static constexpr std::array kCodes{421, 500, 502, 503, 504, 530, 534, 535, 538};
  return std::ranges::find(kCodes, reply.code) != kCodes.end();
}

Reply unavailable(const Error& why) {
  if (why.kind == ErrorKind::cancelled)
    return Reply::of(421, "4.3.2", "this server is shutting down, try again");
  return Reply::of(451, "4.4.1", "the mail server behind this gateway can't be reached, try again");
}

Reply no_answer() {
  return Reply::of(451, "4.4.2",
                   "the mail server behind this gateway did not confirm the message, try again");
}

}  // namespace

Reply to_client(const Reply& from_upstream, std::string_view default_subject_detail) {
  Reply reply = from_upstream;
  const bool code_fits = reply.positive() || reply.transient() || reply.permanent();
  if (!code_fits || speaks_of_the_servers(reply)) {
    reply = Reply::of(451, "4.3.0", "");
    reply.lines = from_upstream.lines;
    reply.lines.front() =
        "the mail server behind this gateway said: " + std::to_string(from_upstream.code) + " " +
        reply.lines.front();
  }
  const auto klass = static_cast<std::uint16_t>(reply.code / 100);
  if (!reply.enhanced || reply.enhanced->klass != klass)
    reply.enhanced = smtp::EnhancedCode::parse(fmt::format("{}.{}", klass, default_subject_detail));
  for (std::string& line : reply.lines) line = encode_for_smtp(line);
  return reply;
}

Reply final_reply(const upstream::UpstreamAcceptance& acceptance, std::string_view id) {
  Reply reply = Reply::of(250, "2.0.0", fmt::format("queued as {}", id));
  for (const std::string& line : acceptance.reply().lines)
    reply.lines.push_back(encode_for_smtp(line));
  return reply;
}

Delivery::~Delivery() {
  if (lease_) pool_.drop(std::move(*lease_), Error{ErrorKind::cancelled, "transaction given up"});
}

void Delivery::drop(const Error& why) {
  last_words_ = why.text;
  const bool fresh = lease_->fresh;
  if (fresh) passed_over_.push_back(lease_->upstream->name);
  fresh_only_ = !fresh;
  pool_.drop(std::move(*lease_), why);
  lease_.reset();
  transaction_open_ = false;
}

Task<Result<void>> Delivery::acquire() {
  if (lease_) co_return Result<void>{};
  auto lease = co_await pool_.lease(upstreams_, passed_over_, fresh_only_, Deadline::in(kLeaseWait),
                                    cancel_);
  if (!lease) co_return std::unexpected(std::move(lease.error()));
  lease_ = std::move(*lease);
  upstream_ = lease_->upstream->name;
  transaction_open_ = false;
  co_return Result<void>{};
}

// Opens the transaction on the leased connection where it is not open, with every recipient that
// was accepted before, and asks about `pending`. The reply is the one to `pending`, or to the first
// refusal on the way to it.
Task<Result<Reply>> Delivery::ask(const mail::Envelope& envelope,
                                  const relay::RelayGrant* pending) {
  std::vector<const relay::RelayGrant*> recipients;
  if (!transaction_open_)
    for (const auto& grant : grants_) recipients.push_back(&grant);
  if (pending != nullptr) recipients.push_back(pending);

  // RFC 6152 section 3: what the next server can't carry is refused, never sent on regardless.
  if (envelope.parameters.body == smtp::Body::eight_bit_mime &&
      !lease_->client->capabilities().eight_bit_mime)
    co_return Reply::of(554, "5.6.3", "the mail server behind this gateway takes no 8-bit mail");

  Reply reply = Reply::of(250, "2.0.0", "ok");
  for (const relay::RelayGrant* grant : recipients) {
    if (!transaction_open_) {
      auto replies = co_await lease_->client->mail_and_rcpt(envelope, *grant);
      if (!replies) co_return std::unexpected(std::move(replies.error()));
      if (!replies->mail.positive()) co_return std::move(replies->mail);
      transaction_open_ = true;
      reply = std::move(replies->rcpt);
    } else {
      auto answer = co_await lease_->client->rcpt(*grant);
      if (!answer) co_return std::unexpected(std::move(answer.error()));
      reply = std::move(*answer);
    }
    if (grant != pending && !reply.positive())
      co_return fail(ErrorKind::unavailable,
                     fmt::format("{} no longer takes a recipient that was accepted: {}", upstream_,
                                 reply.summary()));
  }
  co_return std::move(reply);
}

Task<Result<Reply>> Delivery::ask_with_failover(const mail::Envelope& envelope,
                                                const relay::RelayGrant* pending) {
  Error last{ErrorKind::unavailable, "no upstream"};
  for (std::size_t tries = kTriesPerUpstream * (upstreams_.size() + 1); tries > 0; --tries) {
    if (auto acquired = co_await acquire(); !acquired) {
      last_words_ = acquired.error().text;
      co_return std::unexpected(std::move(acquired.error()));
    }
    auto reply = co_await ask(envelope, pending);
    if (reply && reply->code != 421) {
      last_words_ = reply->summary();
      co_return std::move(reply);
    }
    last = reply ? Error{ErrorKind::closed, reply->summary()} : std::move(reply.error());
    drop(last);
    if (last.kind == ErrorKind::cancelled) break;
  }
  co_return std::unexpected(std::move(last));
}

Task<Reply> Delivery::add_recipient(const mail::Envelope& envelope, relay::RelayGrant grant) {
  auto reply = co_await ask_with_failover(envelope, &grant);
  if (!reply) co_return unavailable(reply.error());
  if (reply->positive()) grants_.push_back(std::move(grant));
  co_return to_client(*reply, "1.5");
}

// DATA, the bytes, the dot. An Error before `dot_sent` may be tried elsewhere.
Task<Result<Delivery::Outcome>> Delivery::transfer(const std::string& header_section,
                                                   mail::Spool& body, bool& dot_sent) {
  upstream::SmtpClient& client = *lease_->client;
  auto go_ahead = co_await client.data();
  if (!go_ahead) co_return std::unexpected(std::move(go_ahead.error()));
  if (go_ahead->code == 421) co_return fail(ErrorKind::closed, go_ahead->summary());
  if (go_ahead->code != 354) {
    last_words_ = go_ahead->summary();
    // A 2xx to DATA is no answer of SMTP: we don't know what that server will make of the next
    // line.
    if (go_ahead->positive()) co_return fail(ErrorKind::protocol, go_ahead->summary());
    co_return Outcome(to_client(*go_ahead, "0.0"));
  }
  if (auto sent = co_await client.send(header_section); !sent)
    co_return std::unexpected(std::move(sent.error()));
  std::string block;
  for (std::uint64_t offset = 0; offset < body.size(); offset += block.size()) {
    auto read = co_await body.read(offset, block);
    if (!read || block.empty()) {
      // Not the upstream's fault, and no other upstream can help.
      last_words_ = read ? "the spool ended early" : read.error().text;
      pool_.drop(std::move(*lease_), Error{ErrorKind::cancelled, "message can't be read"});
      lease_.reset();
      co_return Outcome(Reply::of(451, "4.3.0", "temporary storage problem, try again"));
    }
    if (auto sent = co_await client.send(block); !sent)
      co_return std::unexpected(std::move(sent.error()));
  }
  dot_sent = true;
  auto answer = co_await client.finish();
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  if (auto* acceptance = std::get_if<upstream::UpstreamAcceptance>(&*answer)) {
    last_words_ = acceptance->reply().summary();
    co_return Outcome(std::move(*acceptance));
  }
  const Reply& refusal = std::get<Reply>(*answer);
  last_words_ = refusal.summary();
  co_return Outcome(to_client(refusal, "0.0"));
}

Task<Delivery::Outcome> Delivery::hand_over(const mail::Envelope& envelope,
                                            const std::string& header_section, mail::Spool& body) {
  for (std::size_t tries = kTriesPerUpstream * (upstreams_.size() + 1); tries > 0; --tries) {
    auto opened = co_await ask_with_failover(envelope, nullptr);
    if (!opened) co_return unavailable(opened.error());
    if (!opened->positive()) {
      // MAIL was taken before and is refused now: the recipients' 250 can't be kept.
      co_await pause();
      co_return Reply::of(451, "4.4.2",
                          "the mail server behind this gateway changed its mind, try again");
    }
    bool dot_sent = false;
    auto outcome = co_await transfer(header_section, body, dot_sent);
    if (outcome) {
      // After the dot the upstream's transaction is over, whatever it answered; before it, not.
      if (dot_sent) transaction_open_ = false;
      co_await pause();
      co_return std::move(*outcome);
    }
    drop(outcome.error());
    if (dot_sent) co_return no_answer();
    if (outcome.error().kind == ErrorKind::cancelled) co_return unavailable(outcome.error());
  }
  co_return no_answer();
}

Task<void> Delivery::pause() {
  if (!lease_) co_return;
  // The lease is taken out first: a session that ends meanwhile must not find it half used.
  upstream::Pool::Lease lease = std::move(*lease_);
  lease_.reset();
  const bool reset_needed = std::exchange(transaction_open_, false);
  if (!reset_needed || co_await lease.client->reset())
    pool_.give_back(std::move(lease));
  else
    pool_.drop(std::move(lease), Error{ErrorKind::protocol, "RSET was not answered with 250"});
}

}  // namespace sekisho
