// How a Diagnostic looks on a terminal.
#include <algorithm>
#include <cstddef>

#include <fmt/format.h>

#include "gateway/config/load.h"

namespace sekisho::config {
namespace {

constexpr std::size_t kMaxShown =
    140;  // characters of a line; a longer one is cut around the place

// One element a character. Control bytes and what isn't UTF-8 would move the caret or drive the
// terminal, so each becomes one '?'.
std::vector<std::string> characters(std::string_view text) {
  std::vector<std::string> result;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t size = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    const std::string_view bytes = text.substr(i, size);
    const bool whole = bytes.size() == size && std::ranges::all_of(bytes.substr(1), [](char c) {
                         return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
                       });
    // 0xc2 0x80 to 0xc2 0x9f are the C1 controls.
    const bool control =
        lead == '\t' || lead < 0x20 || lead == 0x7f ||
        (lead == 0xc2 && size == 2 && whole && static_cast<unsigned char>(bytes[1]) < 0xa0);
    if (lead == '\t') {
      result.emplace_back(" ");
    } else if (control || !whole || (lead >= 0x80 && lead < 0xc2) || lead > 0xf4) {
      result.emplace_back("?");
    } else {
      result.emplace_back(bytes);
    }
    i += whole ? size : 1;
  }
  return result;
}

std::string clean(std::string_view text) {
  std::string result;
  for (const std::string& character : characters(text)) result += character;
  return result;
}

std::string underlined(const Diagnostic& diagnostic) {
  std::vector<std::string> line = characters(diagnostic.source_line);
  std::size_t column = std::max<std::size_t>(diagnostic.column, 1) - 1;
  std::string shown;
  std::size_t first = 0;
  if (line.size() > kMaxShown && column > kMaxShown / 2) {
    first = std::min(column - kMaxShown / 2, line.size());
    shown = "…";
    column = column - first + 1;
  }
  const std::size_t last = std::min(line.size(), first + kMaxShown);
  for (std::size_t i = first; i < last; ++i) shown += line[i];
  if (last < line.size()) shown += "…";

  const std::size_t room = last - first > column ? last - first - column : 1;
  const std::size_t carets =
      std::clamp<std::size_t>(diagnostic.length, 1, std::max<std::size_t>(room, 1));
  const std::string margin = fmt::format("{:>5}", diagnostic.line);
  return fmt::format("{} | {}\n      | {}{}", margin, shown, std::string(column, ' '),
                     std::string(carets, '^'));
}

}  // namespace

std::string Diagnostic::render() const {
  const std::string_view kind = warning ? "warning" : "error";
  const std::string name = clean(file.string());
  if (line == 0) {
    std::string text = fmt::format("{}: {}: {}\n", name, kind, clean(message));
    if (!hint.empty()) text += fmt::format("      | {}\n", clean(hint));
    return text;
  }
  return fmt::format("{}:{}:{}: {}: {}\n{}{}{}\n", name, line, column, kind, clean(message),
                     underlined(*this), hint.empty() ? "" : " ", clean(hint));
}

}  // namespace sekisho::config
