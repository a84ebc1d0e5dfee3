#include "rules/lists/text_table.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "gateway/base/keyed_hash.h"

namespace sekisho::rules::lists {
namespace {

constexpr unsigned char kLong = 0xff;  // four bytes of length follow

std::uint32_t hash_of(std::string_view text) {
  static const HashKey key = HashKey::random();
  return static_cast<std::uint32_t>(keyed_hash64(key, text));
}

std::uint32_t number_at(const char* at) {
  std::uint32_t number = 0;
  std::memcpy(&number, at, sizeof number);
  return number;
}

void append(std::vector<char>& to, std::uint32_t number) {
  const auto* bytes = reinterpret_cast<const char*>(&number);
  to.insert(to.end(), bytes, bytes + sizeof number);
}

}  // namespace

std::uint32_t TextTable::id_at(std::size_t place) const { return number_at(&arena_[place]); }

std::string_view TextTable::text_at(std::size_t place) const {
  const char* at = &arena_[place] + 4;
  const auto length = static_cast<unsigned char>(*at);
  if (length != kLong) return {at + 1, length};
  return {at + 5, number_at(at + 1)};
}

std::uint32_t TextTable::find(std::string_view text) const {
  if (count_ == 0 || text.size() > longest_) return kNone;
  const auto hash = hash_of(text);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = hash & mask; slots_[i].place != kNone; i = (i + 1) & mask) {
    if (slots_[i].hash == hash && text_at(slots_[i].place) == text) return id_at(slots_[i].place);
  }
  return kNone;
}

std::uint32_t TextTable::add(std::string_view text, std::uint32_t id) {
  if (count_ + 1 > slots_.size() / 8 * 7) grow();
  const auto hash = hash_of(text);
  const std::size_t mask = slots_.size() - 1;
  std::size_t i = hash & mask;
  for (; slots_[i].place != kNone; i = (i + 1) & mask) {
    if (slots_[i].hash == hash && text_at(slots_[i].place) == text) return id_at(slots_[i].place);
  }
  if (arena_.size() + text.size() + 9 >= kNone) throw std::length_error("a list of 4 GB");
  slots_[i] = {hash, static_cast<std::uint32_t>(arena_.size())};
  append(arena_, id);
  if (text.size() < kLong) {
    arena_.push_back(static_cast<char>(text.size()));
  } else {
    arena_.push_back(static_cast<char>(kLong));
    append(arena_, static_cast<std::uint32_t>(text.size()));
  }
  arena_.insert(arena_.end(), text.begin(), text.end());
  longest_ = std::max(longest_, text.size());
  ++count_;
  return id;
}

void TextTable::grow() {
  std::vector<Slot> old(std::max<std::size_t>(8, slots_.size() * 2));
  old.swap(slots_);
  const std::size_t mask = slots_.size() - 1;
  for (const auto& slot : old) {
    if (slot.place == kNone) continue;
    std::size_t i = slot.hash & mask;
    while (slots_[i].place != kNone) i = (i + 1) & mask;
    slots_[i] = slot;
  }
}

void TextTable::finish() { arena_.shrink_to_fit(); }

std::size_t TextTable::bytes() const {
  return arena_.capacity() + slots_.capacity() * sizeof(Slot);
}

}  // namespace sekisho::rules::lists
