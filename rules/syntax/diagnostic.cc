#include "rules/syntax/diagnostic.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "gateway/base/text.h"
#include "gateway/base/utf8.h"

namespace sekisho::rules {
namespace {

constexpr std::size_t kMaxShown = 160;  // code points of a line

// One printable character for each code point, so that the caret stands under the right one.
std::vector<std::string> cells(std::string_view line) {
  std::vector<std::string> cells;
  while (!line.empty()) {
    const auto first = utf8_first(line);
    const std::size_t length = std::max<std::size_t>(first.length, 1);
    const bool visible = first.length > 0 && first.code_point >= 0x20 &&
                         (first.code_point < 0x7F || first.code_point >= 0xA0);
    cells.push_back(visible ? std::string(line.substr(0, length)) : (line[0] == '\t' ? " " : "?"));
    line.remove_prefix(length);
  }
  return cells;
}

std::string printable(std::string_view text) {
  std::string shown;
  for (const auto& cell : cells(text)) shown += cell;
  return shown;
}

}  // namespace

void Diagnostics::error(Span span, std::string message, std::string hint) {
  ++errors_;
  add({Severity::error, span, std::move(message), std::move(hint)});
}

void Diagnostics::warning(Span span, std::string message, std::string hint) {
  ++warnings_;
  add({Severity::warning, span, std::move(message), std::move(hint)});
}

void Diagnostics::add(Diagnostic diagnostic) {
  if (all_.size() >= kMax) return;
  if (all_.size() + 1 == kMax) {
    diagnostic = {Severity::error, diagnostic.span, "too many mistakes; the rest is not shown", {}};
  }
  all_.push_back(std::move(diagnostic));
}

std::vector<Diagnostic> Diagnostics::sorted() const {
  auto sorted = all_;
  const auto key = [](const Diagnostic& d) {
    return std::tie(d.span.source, d.span.begin, d.severity, d.message);
  };
  std::ranges::sort(sorted, [&](const auto& a, const auto& b) { return key(a) < key(b); });
  const auto twice =
      std::ranges::unique(sorted, [&](const auto& a, const auto& b) { return key(a) == key(b); });
  sorted.erase(twice.begin(), twice.end());
  return sorted;
}

std::string render(const Diagnostic& diagnostic, const Sources& sources) {
  const Source& source = sources[diagnostic.span.source];
  const Position at = sources.position(diagnostic.span);
  std::string text = fmt::format("{}:{}:{}: {}: {}\n", printable(source.path()), at.line, at.column,
                                 diagnostic.severity == Severity::error ? "error" : "warning",
                                 printable(diagnostic.message));
  const auto line = cells(source.line(at.line));
  const std::size_t caret = std::min(at.column - 1, line.size());
  const std::size_t from = caret > kMaxShown / 2 ? caret - kMaxShown / 2 : 0;
  const std::size_t to = std::min(line.size(), from + kMaxShown);
  std::string shown;
  for (std::size_t i = from; i < to; ++i) shown += line[i];
  const Position end = source.position(diagnostic.span.end);
  std::size_t width = end.line == at.line && end.column > at.column ? end.column - at.column : 1;
  width = std::max<std::size_t>(1, std::min(width, to > caret ? to - caret : 1));
  text += fmt::format("{:5} | {}\n      | {}{}", at.line, shown, std::string(caret - from, ' '),
                      std::string(width, '^'));
  if (!diagnostic.hint.empty()) text += " " + printable(diagnostic.hint);
  return text + "\n";
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates) {
  const auto near = closest(word, candidates);
  return near ? fmt::format("did you mean \"{}\"?", *near) : std::string();
}

}  // namespace sekisho::rules
