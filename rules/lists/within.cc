#include "rules/lists/within.h"

#include <algorithm>
#include <cstdint>

#include "gateway/base/text.h"

namespace sekisho::rules::lists {
namespace {

std::size_t pair_of(char first, char second) {
  return (static_cast<std::size_t>(static_cast<unsigned char>(first)) << 8U) |
         static_cast<unsigned char>(second);
}

}  // namespace

void Within::add(std::string_view word) {
  if (word.empty()) return;
  places_.emplace_back(static_cast<std::uint32_t>(arena_.size()),
                       static_cast<std::uint32_t>(word.size()));
  arena_ += to_lower(word);
}

void Within::finish() {
  arena_.shrink_to_fit();
  for (const auto& [at, size] : places_)
    words_.push_back(std::string_view(arena_).substr(at, size));
  places_ = {};
  std::ranges::sort(words_);
  // What begins with another word, or is it, says nothing new.
  std::size_t kept = 0;
  for (const auto word : words_) {
    if (kept > 0 && word.starts_with(words_[kept - 1])) continue;
    words_[kept++] = word;
  }
  words_.resize(kept);
  words_.shrink_to_fit();
  for (const auto word : words_) {
    if (word.size() > 1) {
      begins_.set(pair_of(word[0], word[1]));
      continue;
    }
    for (int second = 0; second < 256; ++second) {
      begins_.set(pair_of(word[0], static_cast<char>(second)));
    }
  }
}

bool Within::any_in(std::string_view text) const {
  if (words_.empty()) return false;
  const std::string lower = to_lower(text);
  const std::string_view all(lower);
  for (std::size_t at = 0; at < all.size(); ++at) {
    // Of the last byte only a word of one byte can be; a second byte of zero stands for the end.
    if (!begins_.test(pair_of(all[at], at + 1 < all.size() ? all[at + 1] : '\0'))) continue;
    const auto rest = all.substr(at);
    const auto behind = std::ranges::upper_bound(words_, rest);
    if (behind != words_.begin() && rest.starts_with(*(behind - 1))) return true;
  }
  return false;
}

std::size_t Within::bytes() const {
  return arena_.capacity() + words_.capacity() * sizeof(std::string_view) + sizeof(begins_);
}

}  // namespace sekisho::rules::lists
