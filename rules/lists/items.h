// What one list or one map holds, ready to be asked. Immutable once made; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rules/lists/item_index.h"
#include "rules/lists/within.h"

namespace sekisho::rules::lists {

class ListItems {
 public:
  // `searched`: some rule asks whether a text contains one of the items.
  ListItems(Type type, bool searched);
  void add(const Constant& item);
  void finish();

  [[nodiscard]] bool has(const engine::Fact& value) const { return index_->find(value) != kNone; }
  [[nodiscard]] bool searched() const { return within_ != nullptr; }
  [[nodiscard]] bool any_within(std::string_view text) const { return within_->any_in(text); }
  [[nodiscard]] std::size_t size() const { return index_->size(); }
  [[nodiscard]] std::size_t bytes() const;

 private:
  std::unique_ptr<ItemIndex> index_;
  std::unique_ptr<Within> within_;
};

// Keys with their values. Few values are looked through one by one, as they are written; many
// have an index of their own.
class MapItems {
 public:
  MapItems(Type key, Type value);
  // Of the same key twice, the first counts.
  void add(const Constant& key, const std::vector<Constant>& values);
  void finish();

  [[nodiscard]] bool has_key(const engine::Fact& key) const { return keys_->find(key) != kNone; }
  [[nodiscard]] bool has(const engine::Fact& key, const engine::Fact& value) const;
  // Appends the values of the key as they are written; false: no such key.
  bool values(const engine::Fact& key, std::vector<std::string>& out) const;
  [[nodiscard]] std::size_t size() const { return keys_->size(); }
  [[nodiscard]] std::size_t bytes() const;

 private:
  static constexpr std::size_t kFew = 16;
  struct Entry {
    std::uint64_t place = 0;  // in arena_: each value's length and bytes
    std::uint32_t count = 0;
    std::uint32_t index = kNone;  // in large_
  };
  // Calls take(text) until it returns true; whether it did.
  bool each(const Entry& entry, const auto& take) const;

  Type value_;
  std::unique_ptr<ItemIndex> keys_;
  std::vector<Entry> entries_;
  std::string arena_;
  std::vector<std::unique_ptr<ItemIndex>> large_;
};

}  // namespace sekisho::rules::lists
