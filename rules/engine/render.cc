#include "rules/engine/render.h"

#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include "gateway/base/text.h"
#include "gateway/base/utf8.h"
#include "rules/engine/compare.h"

namespace sekisho::rules::engine {
namespace {

constexpr std::size_t kMaxValues = 10;  // of one that is several

// Control characters, and those that turn or break lines for a reader.
bool is_hidden(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || (c >= 0x200E && c <= 0x200F) ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

void append_clean(std::string& to, std::string_view text, std::size_t max, Lines lines) {
  std::size_t used = 0;
  while (!text.empty()) {
    const auto first = utf8_first(text);
    const auto length = first.length == 0 ? 1 : first.length;
    if (used + length > max) {
      to += "…";
      return;
    }
    const bool line = lines == Lines::several && text[0] == '\n';
    if (!line && (first.length == 0 || is_hidden(first.code_point))) {
      to += text[0] == '\n' || text[0] == '\t' ? ' ' : '?';
    } else {
      to += text.substr(0, length);
    }
    used += length;
    text.remove_prefix(length);
  }
}

std::string masked(std::string_view number) {
  std::size_t shown = 0;
  for (const char c : number) shown += is_alnum(c) ? 1 : 0;
  std::string text;
  for (const char c : number) {
    if (!is_alnum(c)) {
      text += c;
      continue;
    }
    text += shown > 4 ? '*' : c;
    --shown;
  }
  return text;
}

std::string duration_text(std::uint64_t ms) {
  const auto seconds = (ms + 999) / 1000;
  const auto days = seconds / 86'400;
  const auto hours = seconds / 3600 % 24;
  const auto minutes = seconds / 60 % 60;
  if (days > 0) return hours > 0 ? fmt::format("{}d{}h", days, hours) : fmt::format("{}d", days);
  if (hours > 0) {
    return minutes > 0 ? fmt::format("{}h{}m", hours, minutes) : fmt::format("{}h", hours);
  }
  const auto rest = seconds % 60;
  if (minutes > 0) {
    return rest > 0 ? fmt::format("{}m{}s", minutes, rest) : fmt::format("{}m", minutes);
  }
  return fmt::format("{}s", rest);
}

std::string size_text(std::uint64_t bytes) {
  if (bytes < 1000) return fmt::format("{}B", bytes);
  if (bytes < 1'000'000) return fmt::format("{:.1f}KB", static_cast<double>(bytes) / 1e3);
  if (bytes < 1'000'000'000) return fmt::format("{:.1f}MB", static_cast<double>(bytes) / 1e6);
  return fmt::format("{:.1f}GB", static_cast<double>(bytes) / 1e9);
}

std::string whole_text(Type type, std::uint64_t value) {
  switch (type) {
    case Type::size:
      return size_text(value);
    case Type::duration:
      return duration_text(value);
    case Type::clock:
      return fmt::format("{:02}:{:02}", value / 60, value % 60);
    case Type::date: {
      if (value > 3'000'000) return "?";
      const std::chrono::year_month_day day{
          std::chrono::sys_days(std::chrono::days(static_cast<int>(value)))};
      return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()),
                         static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
    }
    default:
      return fmt::format("{}", value);
  }
}

bool is_secret(const Operand& operand) {
  return operand.value != nullptr &&
         (operand.value->name == "text.card_numbers" || operand.value->name == "text.ibans");
}

// The item that the rule matched, where the operand is of one.
const ItemRef* item_of(const Operand& operand, const Evaluation& evaluation, const RuleCode& rule) {
  if (operand.value == nullptr || operand.value->item.empty()) return nullptr;
  return evaluation.matched_item(rule, *operand.value);
}

// Of a name's readings the one that matched, or that has the extension which did.
void choose_reading(const Operand& operand, const Evaluation& evaluation, const RuleCode& rule,
                    std::vector<Fact>& facts) {
  if (operand.value == nullptr || !operand.value->readings || facts.size() < 2) return;
  const auto own = evaluation.matched_reading(rule, *operand.value);
  std::string ending;
  if (operand.value->name.ends_with(".name")) {
    const auto* extension = find_value(fmt::format("{}.extension", operand.value->item));
    const auto matched =
        extension == nullptr ? std::string_view() : evaluation.matched_reading(rule, *extension);
    if (!matched.empty()) ending = fmt::format(".{}", matched);
  }
  for (Fact& fact : facts) {
    const auto text = text_of(fact);
    const bool chosen =
        own.empty() ? !ending.empty() && iends_with_text(text, ending) : text == own;
    if (!chosen) continue;
    std::swap(facts[0], fact);
    break;
  }
  facts.resize(1);
}

}  // namespace

std::string rendered(const Operand& operand, const Fact& fact) {
  std::string text = std::visit(
      [&]<class T>(const T& value) -> std::string {
        if constexpr (requires { value.to_string(); }) {
          return value.to_string();
        } else if constexpr (std::is_same_v<T, bool>) {
          return value ? "yes" : "no";
        } else if constexpr (std::is_same_v<T, double>) {
          const auto shown = std::round(value * 100) / 100;
          return operand.type == Type::percent ? fmt::format("{}%", std::round(value))
                                               : fmt::format("{}", shown);
        } else if constexpr (std::is_same_v<T, std::uint64_t>) {
          return whole_text(operand.type, value);
        } else {
          return std::string(value.substr(0, kMaxValueText + 4));
        }
      },
      fact);
  if (is_secret(operand)) text = masked(text);
  std::string clean;
  append_clean(clean, text, kMaxValueText, Lines::one);
  return clean;
}

bool action_values(const Operand& operand, Evaluation& evaluation, const RuleCode& rule,
                   std::vector<Fact>& out) {
  if (!evaluation.values(operand, item_of(operand, evaluation, rule), out)) return false;
  choose_reading(operand, evaluation, rule, out);
  return true;
}

std::string rendered(const Template& text, Evaluation& evaluation, const RuleCode& rule,
                     Lines lines) {
  std::string whole;
  for (const auto& piece : text.pieces) {
    if (const auto* plain = std::get_if<std::string>(&piece)) {
      append_clean(whole, *plain, kMaxTemplateText, lines);
    } else {
      const auto& operand = std::get<Operand>(piece);
      std::vector<Fact> facts;
      // A text is no condition: what can't be said leaves a mark in it, and no rule fails by it.
      if (!action_values(operand, evaluation, rule, facts)) whole += '?';
      for (std::size_t i = 0; i < facts.size() && i < kMaxValues; ++i) {
        if (i > 0) whole += ", ";
        whole += rendered(operand, facts[i]);
      }
      if (facts.size() > kMaxValues) whole += ", …";
    }
    if (whole.size() > kMaxTemplateText) break;
  }
  if (whole.size() <= kMaxTemplateText) return whole;
  std::string cut;
  append_clean(cut, whole, kMaxTemplateText, lines);
  return cut;
}

}  // namespace sekisho::rules::engine
