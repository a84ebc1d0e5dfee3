// Plan: what the rules of the stages message and outcome want to know of a message, and nothing
// else: which values, which fields, and which questions (patterns, and texts looked for in what is
// too large to be sent home). Made of a RuleSet at reload; its bytes are what an inspect worker is
// set up with. Immutable after of() and decode(); any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/error.h"
#include "rules/check/rule_set.h"
#include "rules/engine/facts.h"

namespace sekisho::rules::content {

using engine::Answer;

// Whether a value comes of the message; not so dkim, dmarc, and what is known of the session.
[[nodiscard]] bool is_of_message(const ValueInfo& value);

// What a message is read for. Sizes and whether a value is there are always told.
enum class Want : std::uint8_t {
  subject,
  message_id,
  hash,  // of the body
  date,
  from,  // the addresses of these fields
  to,
  cc,
  reply_to,
  sender,
  fields,  // all of them: any header where …
  parts,   // with the members of archives
  part_hash,
  urls,
  cards,
  ibans,
  text,  // that it is made, for questions or links in it
  html,
  source,
  text_home,  // that it comes home as a whole: it is compared with what only the gateway knows
  html_home,
  source_home,
  raw_home,
  disguises,  // deception.h, of links and addresses
};
inline constexpr std::size_t kWants = 23;

// Where a question is asked: a value of values.h, and which field where that is not said by it.
struct Target {
  std::string value;  // "text", "url.domain"; "header" for header "X"
  std::string of;     // of header "X": x, in lower case; of an address: "header.from"
  auto operator<=>(const Target&) const = default;
};

// One question, asked of every item where the target has several.
struct Atom {
  enum class Kind : std::uint8_t { matches, contains, starts_with, ends_with, present };
  Target target;
  Kind kind = Kind::matches;
  std::string text;   // the pattern; or what is looked for, in lower case: ASCII's case is ignored
  std::string flags;  // of the pattern
  auto operator<=>(const Atom&) const = default;
};

class Plan {
 public:
  // Of all rules but those that are off.
  static Plan of(const RuleSet& rules);

  // ErrorKind::invalid for what encode() does not make.
  static Result<Plan> decode(std::string_view bytes);
  [[nodiscard]] std::string encode() const;

  // No rule asks for anything: the message need not be read.
  [[nodiscard]] bool empty() const { return wants_ == 0 && headers_.empty() && atoms_.empty(); }
  [[nodiscard]] bool wants(Want want) const {
    return (wants_ >> static_cast<unsigned>(want) & 1U) != 0;
  }
  // Of header "X", in lower case, sorted.
  [[nodiscard]] const std::vector<std::string>& headers() const { return headers_; }
  [[nodiscard]] const std::vector<Atom>& atoms() const { return atoms_; }

  // The rest is known only to the one that of() made.
  // The question that this condition is, or one that says the same; `of`: the field that its
  // addresses are of. None: the engine asks it itself.
  [[nodiscard]] std::optional<std::size_t> atom_of(const Condition& condition,
                                                   const ValueInfo* of = nullptr) const;
  // Of RuleSet::patterns[index], one for each pattern; null where no rule asks for them.
  [[nodiscard]] const std::vector<std::size_t>* patterns(std::size_t index) const;

 private:
  friend class PlanMaker;
  void want(Want want) { wants_ |= std::uint32_t{1} << static_cast<unsigned>(want); }

  std::uint32_t wants_ = 0;
  std::vector<std::string> headers_;
  std::vector<Atom> atoms_;
  std::map<std::pair<const Condition*, const ValueInfo*>, std::size_t> by_condition_;
  std::map<std::pair<std::string, const ValueInfo*>, std::size_t> by_words_;  // to_string()
  std::map<std::size_t, std::vector<std::size_t>> by_patterns_;
};

}  // namespace sekisho::rules::content
