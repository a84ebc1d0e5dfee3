// Session: the limits as one session's rules ask for them. It remembers what this session has taken
// and not yet accounted for. Mail that was accepted is settled; what was refused, cut off or
// forgotten is given back, at the latest by the destructor. One thread; it never waits.
//
// The order: begin(connect), ask …, accept_connection(); then for each mail begin(mail), for each
// recipient begin(rcpt) and, where it was refused, refuse_recipient(); begin(message); accept() or
// refuse(). begin(stage) stands before each evaluation, with the time that counts in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/check/stage.h"
#include "rules/engine/limits.h"
#include "rules/limits/limit_book.h"

namespace sekisho::rules::limits {

class Session : public engine::Limits {
 public:
  explicit Session(std::shared_ptr<const Counters> counters) : counters_(std::move(counters)) {}
  ~Session() override;

  // begin(mail) forgets the last mail, begin(rcpt) comes once for each recipient.
  void begin(Stage stage, TimePoint now);

  // charge: where the limit counts, once for an event; the same asked again gets the same answer.
  // read: what charge would say. At a later stage of the same mail: whether it was exceeded there.
  std::optional<engine::LimitState> ask(const engine::LimitEvent& event, engine::Use use) override;

  void accept_connection();
  // Of the recipient at hand, or of one by its number (begin(rcpt) counts from 1 in each mail).
  void refuse_recipient() { refuse_recipient(recipient_); }
  void refuse_recipient(std::size_t number);
  // The end of a mail: the upstream has taken it, or nobody has. A new mail that begins without one
  // of them is one that was cut off.
  void accept();
  void refuse();

  // What only the outcome tells: `refusals`, and shares.
  void count(std::size_t limit, std::string_view key, std::uint64_t amount);
  void count_share(std::size_t limit, std::string_view key, std::uint64_t total,
                   std::uint64_t refused);

 private:
  struct Charge {
    std::size_t limit = 0;
    Hash128 key;
    std::uint64_t cost = 0;
    std::size_t recipient = 0;   // 0: of the mail, or of the connection
    std::optional<Hash128> who;  // of new recipients
  };
  struct Answered {
    std::size_t limit = 0;
    Hash128 key;
    engine::LimitState state;
  };
  struct Exceeded {
    std::size_t limit = 0;
    std::size_t recipient = 0;
    engine::LimitState state;
  };

  [[nodiscard]] Stage counts_at(std::size_t limit) const;
  [[nodiscard]] const Answered* answered(std::size_t limit, Hash128 key) const;
  engine::LimitState charge(const engine::LimitEvent& event, Hash128 key);
  [[nodiscard]] engine::LimitState look(const engine::LimitEvent& event, Hash128 key) const;
  [[nodiscard]] std::optional<Hash128> who(const engine::LimitEvent& event) const;
  void give_back(const Charge& charge);
  void settle(const Charge& charge);
  void end_mail(bool accepted);

  std::shared_ptr<const Counters> counters_;
  TimePoint now_{};
  Stage stage_ = Stage::connect;
  std::size_t recipient_ = 0;
  std::vector<Charge> charges_;
  std::vector<Answered> answers_;   // of the events at hand
  std::vector<Exceeded> exceeded_;  // in this mail
};

}  // namespace sekisho::rules::limits
