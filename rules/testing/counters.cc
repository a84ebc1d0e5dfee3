#include "rules/testing/counters.h"

#include "rules/limits/limit_book.h"
#include "rules/limits/session.h"

namespace sekisho::rules::testing {
namespace {

class BookCounters : public Counters {
 public:
  BookCounters(const RuleSet& set, TimePoint now)
      : set_(set), book_(limits::LimitBook::Options{}), session_(book_.adopt(set, now)) {}

  engine::Limits& begin(Stage stage, TimePoint now) override {
    session_.begin(stage, now);
    return session_;
  }
  void connected() override { session_.accept_connection(); }
  void refuse_recipient() override { session_.refuse_recipient(); }
  void end_mail(bool accepted) override { accepted ? session_.accept() : session_.refuse(); }
  void answered(std::size_t limit, std::string_view key, std::uint64_t taken,
                std::uint64_t refused) override {
    if (set_.limits[limit].share) {
      session_.count_share(limit, key, taken + refused, refused);
    } else {
      session_.count(limit, key, refused);
    }
  }

 private:
  const RuleSet& set_;
  limits::LimitBook book_;
  limits::Session session_;
};

}  // namespace

std::unique_ptr<Counters> make_counters(const RuleSet& set, TimePoint now) {
  return std::make_unique<BookCounters>(set, now);
}

}  // namespace sekisho::rules::testing
