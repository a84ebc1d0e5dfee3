#include "gateway/message_record.h"

#include <fmt/format.h>

namespace sekisho {
namespace {

// A message may have thousands of recipients; its log line must stay a line.
constexpr std::size_t kMaxRecipientsInLog = 20;
constexpr std::size_t kMaxLegsInLog = 20;

std::string_view verdict_word(const smtp::Reply* reply, bool discarded) {
  if (reply == nullptr) return "abandoned";
  if (discarded) return "discarded";
  if (reply->positive()) return "accepted";
  return reply->transient() ? "deferred" : "rejected";
}

}  // namespace

std::string recipients_text(const std::vector<smtp::Mailbox>& recipients) {
  std::string text;
  for (std::size_t i = 0; i < recipients.size() && i < kMaxRecipientsInLog; ++i)
    text += fmt::format("{}<{}>", i == 0 ? "" : ",", recipients[i].to_string());
  if (recipients.size() > kMaxRecipientsInLog)
    text += fmt::format(",+{}", recipients.size() - kMaxRecipientsInLog);
  return text;
}

std::string_view to_string(Decider decider) {
  switch (decider) {
    case Decider::upstream:
      return "upstream";
    case Decider::relay:
      return "relay";
    case Decider::sender:
      return "sender";
    case Decider::filter:
      return "filter";
    case Decider::framing:
      return "framing";
    case Decider::size:
      return "size";
    case Decider::loop:
      return "loop";
    case Decider::limit:
      return "limit";
    case Decider::gateway:
      return "gateway";
    case Decider::client:
      return "client";
  }
  return "unknown";
}

LogLine MessageRecord::line(const mail::Peer& peer, const mail::Envelope& envelope,
                            const smtp::Reply* reply, TimePoint now) const {
  LogLine line("message");
  line.src(peer.remote);
  line.add("id", envelope.id);
  line.add("listener", peer.listener);
  if (!peer.user.empty()) line.add("user", peer.user);
  line.add("helo", peer.helo);
  line.add("tls", peer.tls_version.empty() ? "none" : peer.tls_version);
  if (peer.certificate) {
    line.add("client_cert", peer.certificate->verified ? "verified" : "unverified");
    line.add("client_cert_subject", peer.certificate->subject);
    line.add("client_cert_sha256", peer.certificate->fingerprint);
  }
  line.add("from", fmt::format("<{}>", envelope.sender_text()));
  line.add("rcpt", recipients_text(envelope.recipients), kMaxRecipientsBytes);
  line.add("nrcpt", envelope.recipients.size());
  if (recipients_refused > 0) line.add("refused", recipients_refused);
  line.add("size", size);
  line.add("verdict", verdict_word(reply, discarded));
  if (reply != nullptr) line.add("code", reply->code);
  line.add("class", to_string(decider));
  if (!filter.empty()) line.add("filter", filter);
  if (!why.empty()) line.add("why", why);
  for (std::size_t i = 0; i < legs.size() && i < kMaxLegsInLog; ++i) {
    const std::string number = i == 0 ? "" : fmt::format("{}", i + 1);
    if (!legs[i].upstream.empty()) line.add("upstream" + number, legs[i].upstream);
    if (!legs[i].reply.empty()) line.add("reply" + number, legs[i].reply);
    if (!legs[i].queue_id.empty()) line.add("queue_id" + number, legs[i].queue_id);
  }
  line.add_ms("ms_rcpt", recipients_time);
  line.add_ms("ms_receive", receive_time);
  line.add_ms("ms_filter", filter_time);
  line.add_ms("ms_deliver", delivery_time);
  line.add_ms("ms_total", now - begun_at);
  return line;
}

}  // namespace sekisho
