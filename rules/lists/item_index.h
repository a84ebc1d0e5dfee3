// ItemIndex: the items of one list, or the keys of one map, made to be asked: each with a number,
// found by the value that it stands for. Of several items that a value fits, the most specific is
// found. Exact: no false hits. Filled by one thread and finished, then any thread asks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "rules/check/type.h"
#include "rules/engine/facts.h"
#include "rules/lists/text_table.h"

namespace sekisho::rules::lists {

class ItemIndex {
 public:
  ItemIndex() = default;
  ItemIndex(const ItemIndex&) = delete;
  ItemIndex& operator=(const ItemIndex&) = delete;
  virtual ~ItemIndex() = default;

  // Of the same item twice, the first one's number counts.
  virtual void add(const Constant& item, std::uint32_t id) = 0;
  virtual void finish() = 0;
  // kNone: in no item. A value of another kind than the items is in none.
  [[nodiscard]] virtual std::uint32_t find(const engine::Fact& value) const = 0;
  [[nodiscard]] virtual std::size_t size() const = 0;
  [[nodiscard]] virtual std::size_t bytes() const = 0;  // of memory
};

[[nodiscard]] std::unique_ptr<ItemIndex> make_index(Type type);

// An item as text, the same for items that are the same.
[[nodiscard]] std::string written(const Constant& item);

// Whether one item has the value in it: what find() does, without an index.
[[nodiscard]] bool fits(Type type, std::string_view item, const engine::Fact& value);

}  // namespace sekisho::rules::lists
