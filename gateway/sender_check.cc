#include "gateway/sender_check.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "gateway/base/encode.h"
#include "gateway/sender/header_senders.h"

namespace sekisho {
namespace {

using sender::HeaderFinding;
using sender::Policy;
using smtp::Reply;

Policy policy_for(const sender::SenderOwnership& ownership, Policy of_listener,
                  const mail::Peer& peer) {
  if (!peer.authenticated()) return Policy::off;
  return of_listener == Policy::by_default ? ownership.settings().policy : of_listener;
}

std::string not_yours(std::string_view address, std::string_view user) {
  return fmt::format("<{}> is not an address of the user \"{}\"", encode_for_smtp(address, 200),
                     encode_for_smtp(user, 100));
}

Reply refusal(const HeaderFinding& finding, std::string_view user) {
  switch (finding.kind) {
    case HeaderFinding::Kind::foreign:
      return Reply::of(550, "5.7.1",
                       fmt::format("{}: {}", finding.field, not_yours(finding.text, user)));
    case HeaderFinding::Kind::missing:
      return Reply::of(550, "5.7.1",
                       finding.field == "Sender"
                           ? "several addresses in From need a Sender field (RFC 5322 3.6.2)"
                           : "the message has no From field (RFC 5322 3.6)");
    case HeaderFinding::Kind::several:
      return Reply::of(550, "5.7.1",
                       fmt::format("the message has {} {} fields, and may have one (RFC 5322 3.6)",
                                   finding.text, finding.field));
    case HeaderFinding::Kind::unreadable:
      return Reply::of(550, "5.7.1",
                       fmt::format("the {} field can't be read (RFC 5322 3.4): {}", finding.field,
                                   finding.text));
  }
  return Reply::of(550, "5.7.1", "the sender can't be checked");
}

std::string_view word(HeaderFinding::Kind kind) {
  switch (kind) {
    case HeaderFinding::Kind::foreign:
      return "not the user's";
    case HeaderFinding::Kind::missing:
      return "missing";
    case HeaderFinding::Kind::several:
      return "more than one field";
    case HeaderFinding::Kind::unreadable:
      return "unreadable";
  }
  return "unknown";
}

Counter& counter_of(const SessionCounters& counters, Policy done) {
  switch (done) {
    case Policy::rewrite:
      return counters.senders_rewritten;
    case Policy::log:
      return counters.senders_logged;
    default:
      return counters.senders_rejected;
  }
}

}  // namespace

SenderCheck::SenderCheck(const sender::SenderOwnership& ownership, Policy of_listener,
                         const mail::Peer& peer, SessionServices& services)
    : ownership_(ownership),
      peer_(peer),
      services_(services),
      policy_(policy_for(ownership, of_listener, peer)),
      knows_(policy_ != Policy::off && ownership.knows(peer.user)) {}

void SenderCheck::tell(const mail::Envelope& envelope, const Event& event, Policy done) const {
  counter_of(services_.counters, done).add();
  services_.log.write(LogLine("foreign_sender", LogLevel::warning)
                          .src(peer_.remote)
                          .add("id", envelope.id)
                          .add("listener", peer_.listener)
                          .add("user", peer_.user)
                          .add("where", event.where)
                          .add("address", event.address)
                          .add("action", sender::to_string(done))
                          .add("why", event.why));
}

bool SenderCheck::is_foreign(std::string_view header_section) const {
  if (!peer_.authenticated() || !ownership_.knows(peer_.user)) return false;
  const auto findings = sender::find_foreign_senders(
      header_section,
      [this](const smtp::Mailbox& address) { return ownership_.owns(peer_.user, address); });
  return std::ranges::any_of(findings,
                             [](const HeaderFinding& finding) { return finding.field == "From"; });
}

std::optional<Reply> SenderCheck::at_mail(mail::Envelope& envelope) const {
  if (!knows_) return std::nullopt;
  std::string why = "users may not give the empty sender";
  if (envelope.sender) {
    auto answer = ownership_.ask(peer_.user, *envelope.sender);
    if (answer.owned) return std::nullopt;
    why = std::move(answer.why);
  } else if (ownership_.settings().allow_null_sender) {
    return std::nullopt;
  }
  const std::string address = fmt::format("<{}>", envelope.sender_text());
  const auto own = policy_ == Policy::rewrite ? ownership_.own_address(peer_.user) : std::nullopt;
  if (policy_ == Policy::log || own) {
    tell(envelope, {"MAIL", address, std::move(why)}, policy_);
    if (own) envelope.sender = own;
    return std::nullopt;
  }
  tell(envelope, {"MAIL", address, std::move(why)}, Policy::reject);
  return Reply::of(553, "5.7.1",
                   envelope.sender ? not_yours(envelope.sender->to_string(), peer_.user)
                                   : "the empty sender is not for users; give your own address");
}

std::optional<Reply> SenderCheck::at_header(const mail::Envelope& envelope,
                                            std::string_view header_section,
                                            mail::HeaderEdits& edits) const {
  if (policy_ == Policy::off) return std::nullopt;
  auto findings =
      sender::find_foreign_senders(header_section, [this](const smtp::Mailbox& address) {
        return !knows_ || ownership_.owns(peer_.user, address);
      });
  // Readers differ in which of several fields they show: that serves nobody but a forger.
  if (!knows_)
    std::erase_if(findings, [](const HeaderFinding& finding) {
      return finding.kind != HeaderFinding::Kind::several;
    });
  if (findings.empty()) return std::nullopt;
  const auto own = policy_ == Policy::rewrite ? ownership_.own_address(peer_.user) : std::nullopt;
  const Policy done = policy_ == Policy::log ? Policy::log : own ? Policy::rewrite : Policy::reject;
  for (const HeaderFinding& finding : findings)
    tell(envelope, {finding.field, finding.text, std::string(word(finding.kind))}, done);
  if (done == Policy::reject) return refusal(findings.front(), peer_.user);
  if (done == Policy::rewrite)
    sender::replace_foreign_senders(findings, header_section, *own, edits);
  return std::nullopt;
}

}  // namespace sekisho
