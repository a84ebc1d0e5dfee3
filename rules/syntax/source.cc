#include "rules/syntax/source.h"

#include <algorithm>
#include <utility>

namespace sekisho::rules {

Source::Source(std::string path, std::string text)
    : path_(std::move(path)), text_(std::move(text)), starts_{0} {
  for (std::size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\n') starts_.push_back(i + 1);
  }
}

Position Source::position(std::size_t offset) const {
  offset = std::min(offset, text_.size());
  const auto after = std::ranges::upper_bound(starts_, offset);
  const auto line = static_cast<std::size_t>(after - starts_.begin());
  const auto before = std::string_view(text_).substr(starts_[line - 1], offset - starts_[line - 1]);
  const auto points = std::ranges::count_if(
      before, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
  return {.line = line, .column = static_cast<std::size_t>(points) + 1};
}

std::string_view Source::line(std::size_t number) const {
  if (number == 0 || number > starts_.size()) return {};
  const std::size_t begin = starts_[number - 1];
  const std::size_t end = number < starts_.size() ? starts_[number] - 1 : text_.size();
  auto line = std::string_view(text_).substr(begin, end - begin);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::uint32_t Sources::add(std::string path, std::string text) {
  sources_.emplace_back(std::move(path), std::move(text));
  return static_cast<std::uint32_t>(sources_.size() - 1);
}

std::string_view Sources::text(Span span) const {
  return sources_[span.source].text().substr(span.begin, span.end - span.begin);
}

Position Sources::position(Span span) const { return sources_[span.source].position(span.begin); }

}  // namespace sekisho::rules
