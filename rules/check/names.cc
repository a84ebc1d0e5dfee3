// Which names there are, and that each is there once and of use.
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "gateway/base/text.h"
#include "rules/check/checker.h"

namespace sekisho::rules {
namespace {

struct KindName {
  std::string_view one;
  std::string_view many;
  Type type;
};

constexpr std::array<KindName, 11> kKinds = {{{"domain", "domains", Type::domain},
                                              {"network", "networks", Type::network},
                                              {"address", "addresses", Type::address},
                                              {"user", "users", Type::user},
                                              {"word", "words", Type::word},
                                              {"extension", "extensions", Type::extension},
                                              {"type", "types", Type::media_type},
                                              {"sha256", "sha256", Type::hash},
                                              {"key", "keys", Type::key},
                                              {"number", "numbers", Type::number},
                                              {"country", "countries", Type::country}}};

constexpr std::array<std::string_view, 18> kReserved = {
    "and", "or",    "not",   "any",   "every", "no",   "is",      "in",      "at",
    "of",  "count", "where", "match", "then",  "when", "matches", "present", "absent"};

}  // namespace

std::nullptr_t Checker::error(Span span, std::string message, std::string hint) {
  diagnostics_.error(span, std::move(message), std::move(hint));
  return nullptr;
}

std::string Checker::at(Span span) const {
  return fmt::format("{}:{}", sources_[span.source].path(), sources_.position(span).line);
}

void Checker::declare(const ast::Word& name, Named kind, std::size_t index) {
  for (const auto reserved : kReserved) {
    if (name.text == reserved) {
      error(name.span, fmt::format("\"{}\" is a word of the language", name.text),
            "choose another name");
      return;
    }
  }
  if (find_value(name.text) != nullptr || find_item(name.text) != nullptr) {
    error(name.span, fmt::format("\"{}\" is the name of a value already", name.text),
          "choose another name");
    return;
  }
  for (const auto& value : all_values()) {
    if (value.name.starts_with(name.text) && value.name.size() > name.text.size() &&
        value.name[name.text.size()] == '.' && find_value(name.text) == nullptr) {
      error(name.span, fmt::format("\"{}\" is the beginning of \"{}\"", name.text, value.name),
            "choose another name");
      return;
    }
  }
  const auto [found, fresh] =
      symbols_.try_emplace(name.text, Symbol{kind, index, name.span, false});
  if (!fresh) {
    error(name.span, fmt::format("there is a \"{}\" already", name.text),
          fmt::format("it was declared at {}", at(found->second.span)));
  }
}

void Checker::declare_rule(const ast::Word& name) {
  if (name.text == "relay-gate") {
    error(name.span, "\"relay-gate\" is what the tests call the relay gate", "choose another name");
  }
  const auto [found, fresh] = rules_.try_emplace(name.text, name.span);
  if (!fresh) {
    error(name.span, fmt::format("there is a rule \"{}\" already", name.text),
          fmt::format("it stands at {}; logs and counters go by the name", at(found->second)));
  }
}

void Checker::declare(const ast::Declaration& declaration) {
  if (const auto* list = std::get_if<ast::List>(&declaration)) {
    const auto type = type_of_kind(list->kind, true);
    declare(list->name, Named::list, out_.lists.size());
    out_.lists.push_back({list->name.text, type.value_or(Type::word), {}, {}, list->name.span});
  } else if (const auto* map = std::get_if<ast::Map>(&declaration)) {
    const auto key = type_of_kind(map->key_kind, false);
    const auto value = type_of_kind(map->value_kind, false);
    declare(map->name, Named::map, out_.maps.size());
    out_.maps.push_back({map->name.text,
                         key.value_or(Type::word),
                         value.value_or(Type::word),
                         {},
                         {},
                         map->name.span});
  } else if (const auto* patterns = std::get_if<ast::Patterns>(&declaration)) {
    declare(patterns->name, Named::patterns, out_.patterns.size());
    out_.patterns.push_back({patterns->name.text, {}, {}, patterns->name.span});
  } else if (const auto* limit = std::get_if<ast::Limit>(&declaration)) {
    declare(limit->name, Named::limit, out_.limits.size());
    Limit fresh;
    fresh.name = limit->name.text;
    fresh.share = limit->share;
    fresh.span = limit->name.span;
    out_.limits.push_back(std::move(fresh));
  } else if (const auto* score = std::get_if<ast::Score>(&declaration)) {
    declare(score->name, Named::score, out_.scores.size());
    out_.scores.push_back({score->name.text, score->name.span});
  } else if (const auto* define = std::get_if<ast::Define>(&declaration)) {
    declare(define->name, Named::define, defines_.size());
    defines_.push_back({define, false, false, nullptr});
  } else if (const auto* rule = std::get_if<ast::Rule>(&declaration)) {
    declare_rule(rule->name);
  } else if (const auto* group = std::get_if<ast::Group>(&declaration)) {
    declare_rule(group->name);
    for (const auto& one : group->rules) declare_rule(one.name);
  } else if (const auto* test = std::get_if<ast::Test>(&declaration)) {
    const auto [found, fresh] = tests_.try_emplace(test->name.text, test->name.span);
    if (!fresh) {
      error(test->name.span, "there is a test of that name already",
            fmt::format("it stands at {}", at(found->second)));
    }
  }
}

Checker::Symbol* Checker::find(std::string_view name) {
  const auto found = symbols_.find(name);
  return found == symbols_.end() ? nullptr : &found->second;
}

std::string Checker::suggest_name(std::string_view word) const {
  std::vector<std::string_view> names;
  for (const auto& [name, symbol] : symbols_) names.push_back(name);
  for (const auto& value : all_values()) names.push_back(value.name);
  auto hint = did_you_mean(word, names);
  if (!hint.empty()) return hint;
  // The last part alone is known: ip, domain, user.
  std::string several;
  int count = 0;
  for (const auto& value : all_values()) {
    if (!value.name.ends_with(std::string(".") + std::string(word))) continue;
    if (++count <= 4) several += fmt::format("{}\"{}\"", several.empty() ? "" : " or ", value.name);
  }
  if (!several.empty()) return fmt::format("did you mean {}?", several);
  return {};
}

std::size_t* Checker::use(const ast::Word& name, Named kind, std::string_view what) {
  Symbol* symbol = find(name.text);
  if (symbol != nullptr && symbol->kind == kind) {
    symbol->used = true;
    return &symbol->index;
  }
  std::vector<std::string_view> names;
  for (const auto& [other, known] : symbols_) {
    if (known.kind == kind) names.push_back(other);
  }
  if (symbol != nullptr) {
    error(name.span, fmt::format("\"{}\" is not {}", name.text, what),
          fmt::format("it is declared at {}", at(symbol->span)));
  } else {
    error(name.span, fmt::format("there is no \"{}\" that is {}", name.text, what),
          did_you_mean(name.text, names));
  }
  return nullptr;
}

void Checker::report_unused() {
  static constexpr std::array<std::string_view, 6> words = {"list",  "map",   "patterns",
                                                            "limit", "score", "define"};
  for (const auto& [name, symbol] : symbols_) {
    if (symbol.used) continue;
    diagnostics_.warning(
        symbol.span,
        fmt::format("{} \"{}\" is not used", words[static_cast<std::size_t>(symbol.kind)], name),
        symbol.kind == Named::limit ? "it counts, but no rule asks it" : "no rule asks it");
  }
}

std::optional<Type> Checker::type_of_kind(const ast::Word& kind, bool in_list) {
  std::vector<std::string_view> names;
  for (const auto& known : kKinds) {
    if (kind.text == known.many || (kind.text == known.one && !in_list)) return known.type;
    if (kind.text == known.one) {
      error(kind.span, fmt::format("a list holds \"{}\"", known.many),
            fmt::format("did you mean \"{}\"?", known.many));
      return known.type;
    }
    names.push_back(known.many);
  }
  auto hint = did_you_mean(kind.text, names);
  if (kind.text == "ips" || kind.text == "ip")
    hint = "did you mean \"networks\"? An address is a network too";
  if (hint.empty()) hint = fmt::format("there are {}", fmt::join(names, ", "));
  error(kind.span, fmt::format("\"{}\" is no kind of item", kind.text), hint);
  return std::nullopt;
}

}  // namespace sekisho::rules
