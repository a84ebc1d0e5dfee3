// Lists, maps and patterns.
#include <algorithm>
#include <set>
#include <string>

#include <fmt/format.h>

#include "gateway/base/text.h"
#include "rules/check/checker.h"

namespace sekisho::rules {
namespace {

// "is no domain", and after a new line the way out.
std::pair<std::string, std::string> parts_of(const Error& error) {
  const auto end = error.text.find('\n');
  if (end == std::string::npos) return {error.text, {}};
  return {error.text.substr(0, end), error.text.substr(end + 1)};
}

}  // namespace

std::optional<Constant> Checker::item(Type type, const ast::Word& word) {
  if (type == Type::network && word.text.find('@') != std::string::npos) {
    error(word.span, fmt::format("\"{}\" is an address, not a network", word.text));
    return std::nullopt;
  }
  auto constant = read_constant(type, word.text);
  if (constant) return std::move(*constant);
  const auto [what, way_out] = parts_of(constant.error());
  error(word.span, fmt::format("\"{}\" {}", word.text, what), way_out);
  return std::nullopt;
}

void Checker::file_exists(const ast::Word& file, std::string_view what) {
  if (file.text.empty()) {
    error(file.span, fmt::format("the name of the {} is empty", what));
    return;
  }
  if (context_.files == nullptr) return;
  const auto path = beside(sources_[file.span.source].path(), file.text);
  if (!context_.files->is_file(path)) {
    error(file.span, fmt::format("there is no file {}", path.string()),
          "names are relative to the folder of the rule file");
  }
}

void Checker::list(const ast::List& source) {
  const Symbol* symbol = find(source.name.text);
  if (symbol == nullptr || symbol->span != source.name.span) return;
  List& list = out_.lists[symbol->index];
  if (source.file) {
    file_exists(*source.file, "file");
    list.file = beside(sources_[source.file->span.source].path(), source.file->text).string();
    return;
  }
  if (source.items.empty()) {
    diagnostics_.warning(source.name.span, fmt::format("list \"{}\" is empty", source.name.text),
                         "nothing is ever in it");
  }
  for (const auto& one : source.items) {
    auto constant = item(list.type, one.word);
    if (!constant) continue;
    if (std::ranges::find(list.items, *constant) != list.items.end()) {
      diagnostics_.warning(one.word.span,
                           fmt::format("\"{}\" stands in the list twice", one.word.text));
    } else {
      list.items.push_back(std::move(*constant));
    }
  }
}

void Checker::map(const ast::Map& source) {
  const Symbol* symbol = find(source.name.text);
  if (symbol == nullptr || symbol->span != source.name.span) return;
  Map& map = out_.maps[symbol->index];
  if (source.file) {
    file_exists(*source.file, "file");
    map.file = beside(sources_[source.file->span.source].path(), source.file->text).string();
    return;
  }
  std::set<std::string> keys;  // whatever their case, as they are asked
  for (const auto& entry : source.entries) {
    auto key = item(map.key, entry.key);
    std::vector<Constant> values;
    for (const auto& value : entry.values) {
      if (auto constant = item(map.value, value)) values.push_back(std::move(*constant));
    }
    if (!key) continue;
    if (!keys.insert(to_lower(entry.key.text)).second) {
      error(entry.key.span, fmt::format("\"{}\" is a key of this map already", entry.key.text),
            "put all its values behind the first");
      continue;
    }
    map.entries.emplace_back(std::move(*key), std::move(values));
  }
}

void Checker::patterns(const ast::Patterns& source) {
  const Symbol* symbol = find(source.name.text);
  if (symbol == nullptr || symbol->span != source.name.span) return;
  const std::size_t index = symbol->index;
  auto area = operand(source.area);
  if (area && (area->type != Type::text || area->kind == Operand::Kind::constant ||
               (area->many && area->kind != Operand::Kind::header))) {
    error(source.area.span, fmt::format("patterns cannot be searched in \"{}\"", source.area.text),
          "areas are text, subject, raw, html, source, url and header \"X\"");
    area.reset();
  }
  if (area) {
    if (area->value != nullptr && area->value->item == "url") area->many = true;
    out_.patterns[index].area = *area;
  }
  if (source.patterns.empty()) {
    error(source.name.span, fmt::format("\"{}\" holds no pattern", source.name.text));
  }
  std::map<std::string_view, Span> names;
  for (const auto& one : source.patterns) {
    Pattern pattern;
    pattern.name = one.name.text;
    if (!names.try_emplace(one.name.text, one.name.span).second) {
      error(one.name.span, fmt::format("there is a pattern \"{}\" here already", one.name.text));
    }
    if (one.weight.given()) {
      const auto weight = item(Type::number, one.weight);
      if (weight) pattern.weight = std::get<double>(weight->value);
    }
    const auto compiled = regex(one.regex, false);
    if (!compiled) continue;
    pattern.regex = *compiled;
    out_.patterns[index].patterns.push_back(std::move(pattern));
  }
}

}  // namespace sekisho::rules
