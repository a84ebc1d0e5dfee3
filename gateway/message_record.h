// MessageRecord: what the log says of one message, in one line, whatever became of it. Filled by
// the Transaction as it goes along.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "gateway/base/log.h"
#include "gateway/base/time.h"
#include "gateway/mail/envelope.h"
#include "gateway/smtp/reply.h"

namespace sekisho {

// Who or what decided, the `class` of the log line.
enum class Decider : std::uint8_t {
  upstream,  // its answer is our answer
  relay,     // the relay gate
  sender,    // an address that is not the user's
  filter,    // a filter's verdict
  framing,   // bare CR, bare LF, NUL, a line too long
  size,      // too large
  loop,      // mail loop
  limit,     // one of our limits
  gateway,   // a fault of our own (disk)
  client,    // the client gave up: RSET, QUIT or a lost connection
};
std::string_view to_string(Decider decider);

// "<a@example.com>,<b@example.com>", the first few of many; for a log line of this size.
inline constexpr std::size_t kMaxRecipientsBytes = 8192;
std::string recipients_text(const std::vector<smtp::Mailbox>& recipients);

struct MessageRecord {
  explicit MessageRecord(TimePoint begun) : begun_at(begun) {}

  TimePoint begun_at;
  std::uint64_t size = 0;
  std::size_t recipients_refused = 0;
  Decider decider = Decider::client;
  bool discarded = false;  // by a filter's order, though the reply is positive
  std::string filter;      // which one decided, or marked the message
  std::string why;         // its reason
  // Each upstream that the message was brought to: the second's keys are upstream2, reply2, ….
  struct Leg {
    std::string upstream;
    std::string reply;
    std::string queue_id;
  };
  std::vector<Leg> legs;
  Duration recipients_time{};  // spent on RCPT, ours and the upstream's
  Duration receive_time{};     // from DATA to the client's dot
  Duration filter_time{};
  Duration delivery_time{};

  // `reply`: our answer after the dot; null when there was none to give.
  [[nodiscard]] LogLine line(const mail::Peer& peer, const mail::Envelope& envelope,
                             const smtp::Reply* reply, TimePoint now) const;
};

// Adds the time until its end to a phase of the record.
class PhaseTimer {
 public:
  explicit PhaseTimer(Duration& phase) : phase_(phase), begun_(Clock::now()) {}
  ~PhaseTimer() { phase_ += Clock::now() - begun_; }
  PhaseTimer(const PhaseTimer&) = delete;
  PhaseTimer& operator=(const PhaseTimer&) = delete;

 private:
  Duration& phase_;
  TimePoint begun_;
};

}  // namespace sekisho
