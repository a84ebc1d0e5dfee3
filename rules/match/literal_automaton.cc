#include "rules/match/literal_automaton.h"

#include <limits>
#include <stdexcept>

#include "gateway/base/text.h"

namespace sekisho::rules::match {
namespace {

constexpr std::uint32_t kUnset = std::numeric_limits<std::uint32_t>::max();

std::uint8_t byte_of(char c) { return static_cast<std::uint8_t>(c); }

}  // namespace

LiteralAutomaton::LiteralAutomaton(std::span<const Entry> entries) {
  if (entries.empty()) return;
  std::uint8_t last = 0;  // class 0: bytes of no literal
  for (const auto& entry : entries) {
    for (const char c : entry.literal) {
      auto& known = classes_[byte_of(c)];
      if (known == 0) known = ++last;
    }
  }
  for (char c = 'A'; c <= 'Z'; ++c) classes_[byte_of(c)] = classes_[byte_of(ascii_lower(c))];
  stride_ = last + 2U;
  link_states(make_states(entries));
}

// The tree of all literals, and which of them end at each of its states.
std::vector<std::vector<std::uint32_t>> LiteralAutomaton::make_states(
    std::span<const Entry> entries) {
  std::vector<std::vector<std::uint32_t>> ends(1);
  table_.assign(stride_, kUnset);
  for (const auto& entry : entries) {
    std::size_t row = 0;
    for (const char c : entry.literal) {
      const std::size_t step = row + classes_[byte_of(c)];
      if (table_[step] == kUnset) {
        if (table_.size() + stride_ >= kEnds) throw std::length_error("too many literals");
        table_[step] = static_cast<std::uint32_t>(table_.size());
        table_.resize(table_.size() + stride_, kUnset);
        ends.emplace_back();
      }
      row = table_[step];
    }
    ends[row / stride_].push_back(entry.number);
  }
  return ends;
}

// Breadth first: where no literal goes on, the longest shorter one that might be under way does.
void LiteralAutomaton::link_states(const std::vector<std::vector<std::uint32_t>>& ends) {
  const std::uint32_t classes = stride_ - 1;
  const auto output_of = [&](std::uint32_t row) -> std::uint32_t& { return table_[row + classes]; };
  std::vector<std::uint32_t> fallback(table_.size() / stride_, 0);
  std::vector<std::uint32_t> queue = {0};
  outputs_.emplace_back();
  output_of(0) = kNone;
  for (std::size_t at = 0; at < queue.size(); ++at) {
    const std::uint32_t row = queue[at];
    const std::uint32_t shorter = fallback[row / stride_];
    for (std::uint32_t c = 0; c < classes; ++c) {
      const std::uint32_t otherwise = row == 0 ? 0 : table_[shorter + c];
      auto& step = table_[row + c];
      if (step == kUnset) {
        step = otherwise;
        continue;
      }
      const std::uint32_t next = step;
      const std::uint32_t suffix = otherwise & ~kEnds;
      fallback[next / stride_] = suffix;
      queue.push_back(next);
      // The suffix is nearer to the root, so it has its output already.
      output_of(next) = output_of(suffix);
      if (const auto& own = ends[next / stride_]; !own.empty()) {
        const auto begin = static_cast<std::uint32_t>(numbers_.size());
        numbers_.insert(numbers_.end(), own.begin(), own.end());
        outputs_.push_back({.begin = begin,
                            .end = static_cast<std::uint32_t>(numbers_.size()),
                            .shorter = output_of(suffix)});
        output_of(next) = static_cast<std::uint32_t>(outputs_.size() - 1);
      }
      if (output_of(next) != kNone) step = next | kEnds;
    }
  }
}

void LiteralAutomaton::search(std::string_view text, Candidates& places, Candidates& found) const {
  if (table_.empty()) return;
  places.begin(outputs_.size());
  const std::uint32_t* table = table_.data();
  const std::uint32_t output = stride_ - 1;
  std::uint32_t row = 0;
  for (const char c : text) {
    const std::uint32_t step = table[row + classes_[byte_of(c)]];
    row = step & ~kEnds;
    if ((step & kEnds) == 0) continue;
    for (std::uint32_t at = table[row + output]; at != kNone; at = outputs_[at].shorter) {
      if (!places.add(at)) break;  // it and all shorter ones were told
      for (std::uint32_t i = outputs_[at].begin; i < outputs_[at].end; ++i) found.add(numbers_[i]);
    }
  }
}

}  // namespace sekisho::rules::match
