#include "gateway/delivery.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace sekisho {
namespace {

using smtp::Reply;

// Messages that wait for the connections of several groups take them in one order: else two of
// them, each holding what the other waits for, would wait in vain.
bool before(const DeliveryLeg& one, const DeliveryLeg& other) {
  return std::ranges::lexicographical_compare(
      one.upstreams(), other.upstreams(), {}, [](const auto& upstream) { return upstream->name; },
      [](const auto& upstream) { return upstream->name; });
}

}  // namespace

Delivery::Leg& Delivery::leg_to(const upstream::Upstreams& upstreams) {
  const auto known = std::ranges::find_if(
      legs_, [&](const auto& leg) { return leg->way.upstreams() == upstreams; });
  if (known != legs_.end()) return **known;
  return *legs_.emplace_back(std::make_unique<Leg>(pool_, upstreams, cancel_, cache_));
}

// Gives back what is held behind `wanted`, which is about to wait for a connection.
void Delivery::give_way(const Leg& wanted) {
  if (wanted.way.holds_connection()) return;
  for (const auto& leg : legs_)
    if (before(wanted.way, leg->way)) leg->way.pause();
}

Task<Reply> Delivery::add_recipient(const mail::Envelope& envelope, upstream::Recipient recipient,
                                    const upstream::Upstreams& upstreams) {
  Leg& leg = leg_to(upstreams);
  last_asked_ = &leg.way;
  if (auto known = leg.way.recall(recipient)) {
    if (known->positive()) places_.push_back({&leg, leg.way.recipients() - 1});
    co_return std::move(*known);
  }
  give_way(leg);
  Reply reply = co_await leg.way.add_recipient(envelope, std::move(recipient));
  if (reply.positive()) places_.push_back({&leg, leg.way.recipients() - 1});
  co_return reply;
}

// Brings every leg to its last byte. False: one failed, and with one answer for all of them none of
// the others may go on.
Task<bool> Delivery::prepare(const mail::Envelope& envelope, DeliveryLeg::Text text, Legs legs,
                             Answers answers) {
  const auto open = [](Leg* leg) { return !leg->settled() && !leg->way.ready(); };
  // One may be lost while another is brought up: until all are ready at the same time. Each leg
  // has a number of tries.
  do {
    for (Leg* leg : legs) {
      if (!open(leg)) continue;
      auto refused = co_await leg->way.prepare(envelope, text);
      if (!refused) continue;
      leg->outcome.emplace(std::move(*refused));
      if (answers == Answers::one_for_all) co_return false;
    }
  } while (legs.size() > 1 && std::ranges::any_of(legs, open));
  co_return true;
}

Task<void> Delivery::send_dots(const mail::Envelope& envelope, DeliveryLeg::Text text, Legs legs,
                               Answers answers) {
  // What a refusal costs is a second copy for the recipients of those who accepted before it. So
  // who is the least known goes first, and who has the most recipients goes last.
  std::ranges::sort(legs, {}, [](const Leg* leg) {
    return std::pair(!leg->way.unproven(), leg->way.recipients());
  });
  for (Leg* leg : legs) {
    if (leg->settled()) continue;
    // The answers of those before it took their time, in which this one may have been lost.
    std::optional<Reply> refused;
    if (legs.size() > 1) refused = co_await leg->way.prepare(envelope, text);
    if (refused)
      leg->outcome.emplace(std::move(*refused));
    else
      leg->outcome.emplace(co_await leg->way.finish());
    if (!leg->accepted() && answers == Answers::one_for_all) co_return;
  }
}

Task<Delivery::Outcome> Delivery::hand_over(const mail::Envelope& envelope,
                                            const std::string& header_section, mail::Spool& body,
                                            Deadline bound, Answers answers) {
  Legs legs;
  for (const auto& leg : legs_) {
    if (leg->way.recipients() > 0)
      legs.push_back(leg.get());
    else
      leg->way.pause();
  }
  std::ranges::sort(legs, [](const Leg* a, const Leg* b) { return before(a->way, b->way); });
  for (Leg* leg : legs) {
    give_way(*leg);
    leg->way.begin(bound);
  }
  const DeliveryLeg::Text text{header_section, body};
  if (co_await prepare(envelope, text, legs, answers))
    co_await send_dots(envelope, text, legs, answers);
  pause();  // what is in the middle of a message is closed, without a dot
  co_return whole();
}

// All of them accepted, or the strictest of the other answers.
Delivery::Outcome Delivery::whole() const {
  Acceptances acceptances;
  const Reply* worst = nullptr;
  std::size_t legs = 0;
  std::size_t accepted = 0;  // legs
  std::size_t taken = 0;     // recipients
  for (const auto& leg : legs_) {
    if (leg->way.recipients() == 0) continue;
    ++legs;
    if (!leg->outcome) continue;
    taken += leg->outcome->taken(leg->way.recipients());
    if (const Reply* refusal = leg->outcome->worst()) {
      if (worst == nullptr || strictness(*refusal) > strictness(*worst)) worst = refusal;
      continue;
    }
    ++accepted;
    std::ranges::move(leg->outcome->acceptances(), std::back_inserter(acceptances));
  }
  if (worst == nullptr && legs > 0 && accepted == legs) return acceptances;
  Reply reply = worst != nullptr ? *worst : no_answer();
  if (taken > 0)
    reply.lines.push_back(
        fmt::format("{} of the {} recipients have it already", taken, places_.size()));
  return reply;
}

std::vector<Reply> Delivery::reply_for_each(std::string_view id) const {
  std::vector<Reply> replies;
  for (const Place& place : places_) {
    if (!place.leg->outcome) {
      replies.push_back(no_answer());
      continue;
    }
    const LegOutcome::Answer& answer = place.leg->outcome->of(place.index);
    if (const auto* acceptance = std::get_if<upstream::UpstreamAcceptance>(&answer))
      replies.push_back(final_reply({*acceptance}, id));
    else
      replies.push_back(std::get<Reply>(answer));
  }
  return replies;
}

std::vector<MessageRecord::Leg> Delivery::report() const {
  std::vector<MessageRecord::Leg> all;
  for (const auto& leg : legs_) {
    if (leg->way.recipients() == 0) continue;
    // What was said before the end of the message is no answer to it.
    all.push_back({leg->way.upstream(),
                   leg->outcome ? leg->way.last_words() : "given up before the final dot",
                   {}});
    if (!leg->outcome) continue;
    if (const Acceptances some = leg->outcome->acceptances(); !some.empty())
      all.back().queue_id = some.front().queue_id();
  }
  return all;
}

void Delivery::pause() {
  for (const auto& leg : legs_) leg->way.pause();
}

bool Delivery::holds_connection() const {
  return std::ranges::any_of(legs_, [](const auto& leg) { return leg->way.holds_connection(); });
}

TimePoint Delivery::held_since() const {
  TimePoint first = TimePoint::max();
  for (const auto& leg : legs_)
    if (leg->way.holds_connection()) first = std::min(first, leg->way.held_since());
  return first;
}

}  // namespace sekisho
