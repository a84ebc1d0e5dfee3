// Limits, and the mistakes with their units.
#include <array>

#include <fmt/format.h>

#include "gateway/base/text.h"
#include "rules/check/checker.h"

namespace sekisho::rules {
namespace {

using Unit = Limit::Unit;
using namespace std::chrono_literals;

struct UnitName {
  std::string_view name;
  Unit unit;
  Stage counted;
};
constexpr std::array<UnitName, 5> kUnits = {{{"messages", Unit::messages, Stage::message},
                                             {"recipients", Unit::recipients, Stage::rcpt},
                                             {"connections", Unit::connections, Stage::connect},
                                             {"bytes", Unit::bytes, Stage::message},
                                             {"refusals", Unit::refusals, Stage::rcpt}}};

const UnitName* unit_named(std::string_view name) {
  for (const auto& unit : kUnits) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

}  // namespace

std::optional<std::uint64_t> Checker::whole_number(const ast::Word& word, std::string_view what) {
  const auto number = parse_uint(word.text);
  if (number && *number > 0 && *number <= 1'000'000'000) return number;
  std::string hint;
  if (number && *number == 0) {
    hint = "a limit of nothing is a rule that rejects";
  } else if (read_constant(Type::size, word.text)) {
    hint = "only bytes are counted in sizes: count bytes …";
  } else if (word.text.ends_with('%')) {
    hint = "a share is compared in the rule: NAME > 50%";
  } else if (read_duration(word.text)) {
    hint = "that is a time";
  }
  error(word.span, fmt::format("{} is a whole number above 0, not \"{}\"", what, word.text), hint);
  return std::nullopt;
}

std::optional<std::chrono::milliseconds> Checker::time(const ast::Word& word,
                                                       std::string_view what) {
  const auto ms = read_duration(word.text);
  if (!ms) {
    const auto end = ms.error().text.find('\n');
    std::string hint = end == std::string::npos ? "" : ms.error().text.substr(end + 1);
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 6> words = {
        {{"second", "1s"},
         {"minute", "1m"},
         {"hour", "1h"},
         {"day", "1d"},
         {"week", "1w"},
         {"month", "30d"}}};
    for (const auto& [name, written] : words) {
      if (word.text.starts_with(name)) hint = fmt::format("write {}", written);
    }
    error(word.span, fmt::format("{}: \"{}\" {}", what, word.text, ms.error().text.substr(0, end)),
          hint);
    return std::nullopt;
  }
  if (*ms == 0) {
    error(word.span, fmt::format("{} is longer than nothing", what));
    return std::nullopt;
  }
  return std::chrono::milliseconds(static_cast<std::chrono::milliseconds::rep>(*ms));
}

void Checker::limit(const ast::Limit& source) {
  const Symbol* symbol = find(source.name.text);
  if (symbol == nullptr || symbol->span != source.name.span) return;
  Limit limit = out_.limits[symbol->index];
  const auto* unit = unit_named(source.unit.text);
  Stage counted = Stage::message;
  if (unit == nullptr) {
    std::vector<std::string_view> names;
    for (const auto& known : kUnits) names.push_back(known.name);
    error(source.unit.span, fmt::format("\"{}\" cannot be counted", source.unit.text), [&] {
      const auto hint = did_you_mean(source.unit.text, names);
      return hint.empty() ? "messages, recipients, new recipients, bytes, connections or refusals"
                          : hint;
    }());
  } else {
    limit.unit = unit->unit;
    counted = source.share ? Stage::outcome : unit->counted;
  }
  if (source.fresh && limit.unit != Unit::recipients) {
    error(source.unit.span, "only recipients are counted by whether they are new",
          "write: count new recipients");
  }
  if (source.fresh) limit.unit = Unit::new_recipients;
  if (source.share && (source.outcome.text != "refused" ||
                       (limit.unit != Unit::recipients && limit.unit != Unit::messages))) {
    error(source.outcome.span, "a share is that of recipients or messages refused",
          "write: share of recipients refused");
  }
  const Place place{counted, {}, std::nullopt, {}};
  for (const auto& key : source.keys) {
    auto whose = operand(key);
    if (!whose) continue;
    if (whose->kind != Operand::Kind::value || whose->many || whose->type == Type::boolean) {
      error(key.span, fmt::format("there is no count for each \"{}\"", key.text),
            "name a value such as auth.user, client.network or mail.from.domain");
      continue;
    }
    known(*whose, place);
    limit.from = std::max(limit.from, whose->from);
    limit.keys.push_back(std::move(*whose));
  }
  if (source.only_when) {
    limit.only_when = condition(*source.only_when);
    if (limit.only_when) known(*limit.only_when, place);
  }
  limit_count(source, limit);
  out_.limits[find(source.name.text)->index] = std::move(limit);
}

void Checker::limit_count(const ast::Limit& source, Limit& limit) {
  if (source.share) {
    limit.period = time(source.window, "the time of a share").value_or(0ms);
    limit.at_least = whole_number(source.at_least, "the least number").value_or(1);
    return;
  }
  limit.period = time(source.period, "the time of a limit").value_or(0ms);
  if (limit.period > 31 * 24h) {
    error(source.period.span, "a limit counts over at most 31 days");
  }
  if (limit.unit == Unit::bytes) {
    const auto size = read_constant(Type::size, source.amount.text);
    if (!size) {
      const bool bare = parse_uint(source.amount.text).has_value();
      error(source.amount.span,
            fmt::format("bytes are allowed as a size, not \"{}\"", source.amount.text),
            bare ? fmt::format("write {}MB, {}KB or {}B", source.amount.text, source.amount.text,
                               source.amount.text)
                 : "as in 100MB");
      return;
    }
    limit.amount = std::get<std::uint64_t>(size->value);
    if (limit.amount == 0) error(source.amount.span, "this limit allows nothing");
    if (source.at_once.given()) {
      const auto burst = item(Type::size, source.at_once);
      limit.at_once = burst ? std::get<std::uint64_t>(burst->value) : limit.amount;
    } else {
      limit.at_once = limit.amount;
    }
  } else {
    limit.amount = whole_number(source.amount, "what is allowed").value_or(1);
    limit.at_once =
        source.at_once.given()
            ? whole_number(source.at_once, "what is allowed at once").value_or(limit.amount)
            : limit.amount;
  }
  if (limit.at_once > limit.amount) {
    diagnostics_.warning(source.at_once.span,
                         fmt::format("{} at once are more than {} in the whole time",
                                     source.at_once.text, source.amount.text),
                         "the two were probably exchanged");
  }
}

}  // namespace sekisho::rules
