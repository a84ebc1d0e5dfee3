// One evaluation: the truth of conditions of a stage, each atom answered once, the work counted.
// Lives for one call of Program::run; one thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rules/engine/code.h"
#include "rules/engine/limits.h"
#include "rules/engine/lists.h"
#include "rules/engine/state.h"
#include "rules/engine/trace.h"

namespace sekisho::rules::engine {

struct Asked {
  Stage stage;
  const Facts& facts;
  const Lists& lists;
  Limits* limits;  // null: nobody may ask a limit
  const State& state;
};

class Evaluation {
 public:
  Evaluation(const Code& code, const Asked& asked);

  // The truth of the code at an entry. After `failed`, why() says what failed.
  Answer run(std::uint32_t entry);
  [[nodiscard]] const std::string& why() const { return why_; }
  [[nodiscard]] std::uint64_t steps() const { return steps_; }
  void trace_into(std::vector<ClauseTrace>* clauses) { clauses_ = clauses; }

  // The values of an operand that stands outside of conditions. False: failed.
  bool values(const Operand& operand, const ItemRef* item, std::vector<Fact>& out);
  // The item that an `any … where` of the rule matched for a value of it; null: none.
  [[nodiscard]] const ItemRef* matched_item(const RuleCode& rule, const ValueInfo& value) const;
  // The reading that matched there; empty: no reading of that value was asked.
  [[nodiscard]] std::string_view matched_reading(const RuleCode& rule,
                                                 const ValueInfo& value) const;

  // The key under which the limit counts; nullopt: it doesn't now. `failed` is set if that can't
  // be said.
  std::optional<std::string> limit_key(std::size_t limit, bool& failed);
  // What rules changed is asked anew: tags and scores.
  void state_changed();
  // Charges a limit that counts at this stage, if nobody asked it.
  void charge(std::size_t limit);
  const std::vector<Answer>* patterns(std::size_t index);  // null: failed
  [[nodiscard]] const Code& code() const { return code_; }
  [[nodiscard]] const Asked& asked() const { return asked_; }

 private:
  struct Values {
    enum class Status : std::uint8_t { unread, read, failed };
    Status status = Status::unread;
    bool lowered = false;
    std::vector<Fact> facts;
    std::vector<std::string> lower;
  };
  struct EachState {
    ItemRef item;
    std::vector<std::pair<const ValueInfo*, std::string_view>> readings;
  };
  struct LimitAnswer {
    enum class Status : std::uint8_t { unasked, none, known, failed };
    Status status = Status::unasked;
    LimitState state;
  };
  struct PatternsAnswer {
    enum class Status : std::uint8_t { unasked, known, failed };
    Status status = Status::unasked;
    std::vector<Answer> answers;
  };

  bool is_plain(const PlainText& plain);
  static void lower(Values& values);
  Answer answer(std::uint32_t atom);
  Answer each(const Each& each, EachState& state);
  Answer some_patterns(const Condition& condition);
  Answer compare(const Atom& atom);
  Answer ask_limit(const Atom& atom);
  Answer pairs(const Atom& atom, Values& left);
  Answer in_set(const Atom& atom, const Values& left);
  Answer one_in_set(const Atom& atom, const Fact& value, const Values* key);
  Answer regex(const Atom& atom, const Values& left);
  Answer match(const Regex& regex, std::string_view text);
  Answer contains(const Atom& atom, Values& left);
  Answer within(const Atom& atom, const Values& left);
  Answer failed(std::string why);
  Answer too_long();

  Values& slot(std::uint32_t index);
  bool limit_values(const Operand& operand, std::vector<Fact>& out);
  bool patterns_values(const Operand& operand, std::vector<Fact>& out);
  const LimitAnswer& limit(std::size_t index);
  void remember_reading(const Atom& atom, std::string_view text);
  void record(std::uint32_t at, Answer truth, bool known);
  bool spend(std::uint64_t steps);

  const Code& code_;
  const StageCode& stage_;
  Asked asked_;
  std::vector<std::uint8_t> atoms_;  // 0: not asked yet; else 1 + Answer
  std::vector<Values> slots_;
  std::vector<EachState> eaches_;
  std::vector<LimitAnswer> limits_;
  std::vector<PatternsAnswer> patterns_;
  std::vector<std::pair<std::uint32_t, std::string>> failures_;  // of atoms
  std::string why_;
  std::uint64_t steps_ = 0;
  std::vector<ClauseTrace>* clauses_ = nullptr;
  std::uint32_t innermost_ = kNone;  // the each that is being asked
};

}  // namespace sekisho::rules::engine
