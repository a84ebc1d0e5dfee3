#include "rules/testing/found_text.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "gateway/base/encode.h"
#include "gateway/base/text.h"
#include "rules/match/pattern_set.h"

namespace sekisho::rules::testing {
namespace {

constexpr std::size_t kMaxFound = 120;
constexpr std::size_t kCardDigits = 12;

std::optional<std::string> find(const Regex& regex, const std::vector<std::string>& texts) {
  const std::array<const Regex*, 1> one = {&regex};
  const auto patterns = match::PatternSet::build(one, {});
  match::Scratch scratch;
  for (const auto& text : texts) {
    const auto found = patterns->find(0, text, scratch);
    if (found.answer != match::Answer::yes) continue;
    return with_numbers_masked(text.substr(found.offset, std::min(found.length, kMaxFound)));
  }
  return std::nullopt;
}

}  // namespace

std::string with_numbers_masked(std::string_view text) {
  std::string out(text);
  const auto of_number = [](char c) { return is_digit(c) || c == ' ' || c == '-'; };
  for (std::size_t begin = 0; begin < out.size();) {
    if (!is_digit(out[begin])) {
      ++begin;
      continue;
    }
    std::size_t end = begin;
    while (end < out.size() && of_number(out[end])) ++end;
    auto left = static_cast<std::size_t>(
        std::count_if(out.begin() + static_cast<std::ptrdiff_t>(begin),
                      out.begin() + static_cast<std::ptrdiff_t>(end), is_digit));
    const bool card = left >= kCardDigits;
    for (std::size_t i = begin; i < end; ++i) {
      if (!is_digit(out[i])) continue;
      if (card && left > 4) out[i] = '*';
      --left;
    }
    begin = end;
  }
  return out;
}

const content::Texts& FoundText::parts() const {
  if (!parts_) {
    const auto view =
        mail::MimeView::parse_text(message_, mail::MimeLimits{}, mail::MimeView::Bodies::keep);
    auto texts = content::texts_of(view, message_, plan_);
    parts_ = texts ? std::move(*texts) : content::Texts{};
  }
  return *parts_;
}

std::vector<std::string> FoundText::texts(const Operand& area, const engine::ItemRef* item) const {
  const auto name = area.value != nullptr ? area.value->name : std::string_view{};
  if (name == "raw") return {std::string(message_)};
  if (name == "text") return {parts().text};
  if (name == "html") return {parts().html};
  if (name == "source") return {parts().source};
  std::vector<engine::Fact> facts;
  if (area.kind == Operand::Kind::header) header(area.header, facts);
  if (area.value != nullptr) values(*area.value, item, facts);
  std::vector<std::string> out;
  for (const auto& fact : facts) {
    if (const auto* text = std::get_if<std::string_view>(&fact)) out.emplace_back(*text);
  }
  return out;
}

std::string FoundText::matched(const Condition& atom, const engine::ItemRef* item) const {
  if (atom.op != Op::matches) return {};
  return find(set_.regexes[atom.regex], texts(atom.left, item)).value_or("");
}

std::string FoundText::matched_patterns(std::size_t index) const {
  const auto& patterns = set_.patterns[index];
  std::vector<std::string> all;
  const auto* item = patterns.area.value != nullptr && !patterns.area.value->item.empty()
                         ? find_item(patterns.area.value->item)
                         : nullptr;
  std::vector<std::string> in;
  engine::ItemRef at{.item = item, .of = nullptr, .index = 0};
  const std::size_t items = item != nullptr ? count(*item, nullptr) : 1;
  for (; at.index < items; ++at.index) {
    std::ranges::move(texts(patterns.area, item != nullptr ? &at : nullptr),
                      std::back_inserter(in));
  }
  for (const auto& pattern : patterns.patterns) {
    const auto found = find(set_.regexes[pattern.regex], in);
    if (found)
      all.push_back(fmt::format("{} \"{}\"", pattern.name, encode_for_log(*found, kMaxFound)));
  }
  return fmt::format("{}", fmt::join(all, ", "));
}

}  // namespace sekisho::rules::testing
