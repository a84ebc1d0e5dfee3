#include "rules/limits/session.h"

#include <algorithm>
#include <string>

#include "rules/lists/fold.h"

namespace sekisho::rules::limits {
namespace {

using engine::LimitEvent;
using engine::LimitState;
using engine::Use;

}  // namespace

Session::~Session() {
  for (const auto& charge : charges_) give_back(charge);
}

Stage Session::counts_at(std::size_t limit) const {
  return counted_at(counters_->limits[limit]->unit()).value_or(Stage::outcome);
}

void Session::begin(Stage stage, TimePoint now) {
  now_ = now;
  stage_ = stage;
  if (stage == Stage::mail) {
    end_mail(false);
  } else if (stage == Stage::rcpt) {
    ++recipient_;
    std::erase_if(answers_,
                  [&](const Answered& one) { return counts_at(one.limit) == Stage::rcpt; });
  }
}

const Session::Answered* Session::answered(std::size_t limit, Hash128 key) const {
  const auto found = std::ranges::find_if(
      answers_, [&](const Answered& one) { return one.limit == limit && one.key == key; });
  return found == answers_.end() ? nullptr : &*found;
}

std::optional<LimitState> Session::ask(const LimitEvent& event, Use use) {
  if (event.limit >= counters_->limits.size()) return std::nullopt;
  const auto& counter = *counters_->limits[event.limit];
  const auto key = counters_->hash(event.key);
  if (counter.is_share()) return counter.peek_share(key, now_);
  const bool counts = stage_ == counts_at(event.limit) && counter.unit() != Limit::Unit::refusals;
  if (use == Use::read || !counts) return look(event, key);
  return charge(event, key);
}

LimitState Session::charge(const LimitEvent& event, Hash128 key) {
  if (const auto* before = answered(event.limit, key)) return before->state;
  auto& counter = *counters_->limits[event.limit];
  const bool of_recipient = counts_at(event.limit) == Stage::rcpt;
  Charge charge{event.limit, key, event.amount, of_recipient ? recipient_ : 0, who(event)};
  LimitState state;
  if (charge.who && counters_->recipients->knows(*charge.who, now_)) {
    charge.cost = 0;
    state = counter.peek(key, 0, now_);
    state.exceeded = false;
    state.wait = {};
  } else {
    state = counter.take(key, charge.cost, now_);
  }
  if (state.exceeded) {
    exceeded_.push_back({event.limit, charge.recipient, state});
  } else {
    charges_.push_back(charge);
  }
  answers_.push_back({event.limit, key, state});
  return state;
}

LimitState Session::look(const LimitEvent& event, Hash128 key) const {
  const auto& counter = *counters_->limits[event.limit];
  const auto counts = counts_at(event.limit);
  if (stage_ == counts || counts != Stage::rcpt) {
    if (const auto* before = answered(event.limit, key)) return before->state;
  }
  if (stage_ > counts) {
    const auto over = std::ranges::find(exceeded_, event.limit, &Exceeded::limit);
    if (over != exceeded_.end()) return over->state;
    if (std::ranges::find(charges_, event.limit, &Charge::limit) != charges_.end()) {
      auto state = counter.peek(key, 0, now_);
      state.exceeded = false;
      state.wait = {};
      return state;
    }
  }
  const auto known = who(event);
  if (known && counters_->recipients->knows(*known, now_)) {
    auto state = counter.peek(key, 0, now_);
    state.exceeded = false;
    state.wait = {};
    return state;
  }
  return counter.peek(key, event.amount, now_);
}

std::optional<Hash128> Session::who(const LimitEvent& event) const {
  const auto& counter = *counters_->limits[event.limit];
  if (counter.unit() != Limit::Unit::new_recipients || event.recipient.empty()) return std::nullopt;
  // Of this limit and this key, so that one who was written to by Ann is new to Bob.
  std::string text = counter.name();
  text += '\0';
  text += std::to_string(event.key.size());
  text += '\0';
  text += event.key;
  text += lists::Folded(Type::address, event.recipient).view();
  return counters_->hash(text);
}

void Session::give_back(const Charge& charge) {
  if (charge.cost == 0) return;
  counters_->limits[charge.limit]->give_back(charge.key, charge.cost, now_);
}

void Session::settle(const Charge& charge) {
  if (charge.who && counters_->recipients->remember(*charge.who, now_)) {
    // Another mail to the same recipient was settled in the meantime, or another line of this one.
    return give_back(charge);
  }
  if (charge.cost == 0 && charge.who) {
    // It was known when it was asked, and was forgotten in the meantime: it is new after all.
    return counters_->limits[charge.limit]->count(charge.key, 1, now_);
  }
  counters_->limits[charge.limit]->settle(charge.key, charge.cost, now_);
}

void Session::accept_connection() {
  std::erase_if(charges_, [&](const Charge& charge) {
    if (counts_at(charge.limit) != Stage::connect) return false;
    settle(charge);
    return true;
  });
}

void Session::refuse_recipient(std::size_t number) {
  if (number == 0) return;
  std::erase_if(charges_, [&](const Charge& charge) {
    if (charge.recipient != number) return false;
    give_back(charge);
    return true;
  });
  std::erase_if(exceeded_, [&](const Exceeded& one) { return one.recipient == number; });
}

void Session::accept() { end_mail(true); }
void Session::refuse() { end_mail(false); }

void Session::end_mail(bool accepted) {
  std::erase_if(charges_, [&](const Charge& charge) {
    if (counts_at(charge.limit) == Stage::connect) return false;
    accepted ? settle(charge) : give_back(charge);
    return true;
  });
  exceeded_.clear();
  std::erase_if(answers_,
                [&](const Answered& one) { return counts_at(one.limit) != Stage::connect; });
  recipient_ = 0;
}

void Session::count(std::size_t limit, std::string_view key, std::uint64_t amount) {
  if (limit >= counters_->limits.size() || counters_->limits[limit]->is_share()) return;
  counters_->limits[limit]->count(counters_->hash(key), amount, now_);
}

void Session::count_share(std::size_t limit, std::string_view key, std::uint64_t total,
                          std::uint64_t refused) {
  if (limit >= counters_->limits.size() || !counters_->limits[limit]->is_share()) return;
  counters_->limits[limit]->count_share(counters_->hash(key), total, refused, now_);
}

}  // namespace sekisho::rules::limits
