#include "gateway/config/source.h"

#include <utility>

#include "gateway/base/text.h"

namespace sekisho::config {

Source::Source(std::filesystem::path path, std::string text, std::size_t order)
    : path_(std::move(path)), text_(std::move(text)), order_(order) {
  lines_ = split(text_, '\n');
  for (std::string_view& line : lines_) {
    if (line.ends_with('\r')) line.remove_suffix(1);
  }
}

std::string_view Source::line(std::uint32_t number) const {
  if (number == 0 || number > lines_.size()) return {};
  return lines_[number - 1];
}

std::string Place::to_string() const {
  if (source == nullptr) return "?";
  if (line == 0) return source->path().string();
  return source->path().string() + ":" + std::to_string(line);
}

}  // namespace sekisho::config
