// The inside of a Program: conditions as branches. An instruction asks an atom and goes on at `yes`
// or `no`; an atom is a comparison, an `any … where`, a `… of PATTERNS match`, or a part that
// several rules share, and is answered once in an evaluation. Immutable after compile.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "rules/check/rule_set.h"
#include "rules/engine/facts.h"

namespace sekisho::rules::engine {

inline constexpr std::uint32_t kNone = 0xFFFFFFFF;
// Where code ends.
inline constexpr std::uint32_t kYes = 0xFFFFFFFE;
inline constexpr std::uint32_t kNo = 0xFFFFFFFD;

struct Instruction {
  std::uint32_t atom = 0;
  std::uint32_t yes = kYes;
  std::uint32_t no = kNo;
};

// A value that atoms look at, read once.
struct Slot {
  const Operand* operand = nullptr;
  std::uint32_t each = kNone;  // whose item it is of
};

struct Atom {
  enum class Kind : std::uint8_t { compare, each, patterns, part };
  Kind kind = Kind::compare;
  Op op = Op::none;
  bool count = false;
  bool answered = false;   // Facts::answered is asked first
  bool area = false;       // of text, html, source or raw
  Type type = Type::text;  // of the left side
  std::uint32_t left = kNone;
  std::uint32_t right = kNone;   // a slot; or
  bool constant = false;         // `value` is the right side
  Fact value;                    // its text is lower-case
  const Operand* set = nullptr;  // or a list, a map or a look-up
  std::uint32_t key = kNone;     // the slot of its key
  std::uint32_t target = kNone;  // each, or the entry of a part
  const Condition* condition = nullptr;
};

// What is asked of most atoms, close together: `value is text`. Without readings and patterns.
struct PlainText {
  const char* text = nullptr;  // lower-case
  std::uint32_t size = 0;
  std::uint32_t left = kNone;  // the slot; kNone: the atom is no such one
};

struct Each {
  const Condition* condition = nullptr;
  ItemRef item;
  std::uint32_t body = kNone;
  // Answered anew for each item.
  std::vector<std::uint32_t> atoms;
  std::vector<std::uint32_t> slots;
};

struct RuleCode {
  std::size_t rule = 0;
  std::uint32_t entry = kYes;
  std::string group;                  // empty: none
  std::vector<std::uint32_t> eaches;  // whose matches its texts may name
};

struct StageCode {
  std::vector<Instruction> code;
  std::vector<const Condition*> origins;  // of each instruction
  std::vector<Atom> atoms;
  std::vector<PlainText> plain;  // of each atom
  std::vector<Slot> slots;
  std::vector<Each> eaches;
  std::vector<RuleCode> rules;  // in file order; those that are off too
  // Positions in `rules`, without those of another listener and those that are off.
  std::map<std::string, std::vector<std::uint32_t>, std::less<>> by_listener;
  std::vector<std::uint32_t> elsewhere;
  std::vector<std::uint32_t> only_when;  // the entry for each limit
  std::vector<std::size_t> counts;       // limits that count here
  // What depends on tags and scores.
  std::vector<std::uint32_t> changing_atoms;
  std::vector<std::uint32_t> changing_slots;
};

struct Code {
  std::shared_ptr<const RuleSet> set;
  std::array<StageCode, kStageNames.size()> stages;
  std::deque<std::string> texts;  // that atoms' values view
};

}  // namespace sekisho::rules::engine
