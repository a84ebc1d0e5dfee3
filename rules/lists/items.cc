#include "rules/lists/items.h"

#include <cstring>

#include "rules/lists/fold.h"

namespace sekisho::rules::lists {

ListItems::ListItems(Type type, bool searched) : index_(make_index(type)) {
  if (searched) within_ = std::make_unique<Within>();
}

void ListItems::add(const Constant& item) {
  index_->add(item, static_cast<std::uint32_t>(index_->size()));
  if (!within_) return;
  const auto text = written(item);
  // *.example.com is in a text where something.example.com is.
  const auto word = item.type == Type::domain && text.starts_with("*.")
                        ? std::string_view(text).substr(1)
                        : std::string_view(text);
  within_->add(word);
  // A name that is not ASCII stands in texts in either form.
  if (item.type == Type::domain) {
    const Folded folded(Type::domain, text);
    within_->add(folded.view().substr(folded.view().starts_with("*.") ? 1 : 0));
  }
}

void ListItems::finish() {
  index_->finish();
  if (within_) within_->finish();
}

std::size_t ListItems::bytes() const { return index_->bytes() + (within_ ? within_->bytes() : 0); }

MapItems::MapItems(Type key, Type value) : value_(value), keys_(make_index(key)) {}

void MapItems::add(const Constant& key, const std::vector<Constant>& values) {
  const auto id = static_cast<std::uint32_t>(entries_.size());
  Entry entry{arena_.size(), static_cast<std::uint32_t>(values.size()), kNone};
  std::unique_ptr<ItemIndex> index;
  if (values.size() > kFew) index = make_index(value_);
  for (const auto& value : values) {
    const auto text = written(value);
    const auto length = static_cast<std::uint32_t>(text.size());
    char bytes[sizeof length];
    std::memcpy(bytes, &length, sizeof length);
    arena_.append(bytes, sizeof bytes);
    arena_ += text;
    if (index) index->add(value, 0);
  }
  if (index) {
    index->finish();
    entry.index = static_cast<std::uint32_t>(large_.size());
    large_.push_back(std::move(index));
  }
  entries_.push_back(entry);
  keys_->add(key, id);
}

void MapItems::finish() {
  keys_->finish();
  entries_.shrink_to_fit();
  arena_.shrink_to_fit();
}

bool MapItems::each(const Entry& entry, const auto& take) const {
  auto at = static_cast<std::size_t>(entry.place);
  for (std::uint32_t i = 0; i < entry.count; ++i) {
    std::uint32_t length = 0;
    std::memcpy(&length, &arena_[at], sizeof length);
    at += sizeof length;
    if (take(std::string_view(arena_).substr(at, length))) return true;
    at += length;
  }
  return false;
}

bool MapItems::has(const engine::Fact& key, const engine::Fact& value) const {
  const auto id = keys_->find(key);
  if (id == kNone) return false;
  const auto& entry = entries_[id];
  if (entry.index != kNone) return large_[entry.index]->find(value) != kNone;
  return each(entry, [&](std::string_view text) { return fits(value_, text, value); });
}

bool MapItems::values(const engine::Fact& key, std::vector<std::string>& out) const {
  const auto id = keys_->find(key);
  if (id == kNone) return false;
  each(entries_[id], [&](std::string_view text) {
    out.emplace_back(text);
    return false;
  });
  return true;
}

std::size_t MapItems::bytes() const {
  std::size_t sum = keys_->bytes() + entries_.capacity() * sizeof(Entry) + arena_.capacity();
  for (const auto& index : large_) sum += sizeof(*index) + index->bytes();
  return sum;
}

}  // namespace sekisho::rules::lists
