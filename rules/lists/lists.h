// Lists: the items of all lists and maps of a RuleSet, by index: what rules ask at run time. A
// value that never changes: a list that is read again makes a new Lists, which shares all others
// with the old one. Any thread. A list that could not be read answers `failed`.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "rules/check/list_file.h"
#include "rules/check/rule_set.h"
#include "rules/engine/lists.h"
#include "rules/lists/items.h"
#include "rules/syntax/load.h"

namespace sekisho::rules::lists {

using ListPtr = std::shared_ptr<const ListItems>;
using MapPtr = std::shared_ptr<const MapItems>;

class Lists : public engine::Lists {
 public:
  // Null: could not be read. Both by index in the RuleSet.
  Lists(std::vector<ListPtr> lists, std::vector<MapPtr> maps)
      : lists_(std::move(lists)), maps_(std::move(maps)) {}

  engine::Answer has(std::size_t list, const engine::Fact& value) const override;
  // `failed` too where no rule of the set asks this of the list: then there is no index for it.
  engine::Answer any_within(std::size_t list, std::string_view text) const override;
  engine::Answer has_key(std::size_t map, const engine::Fact& key) const override;
  engine::Answer has(std::size_t map, const engine::Fact& key,
                     const engine::Fact& value) const override;
  engine::Answer values(std::size_t map, const engine::Fact& key,
                        std::vector<std::string>& out) const override;

  [[nodiscard]] const std::vector<ListPtr>& lists() const { return lists_; }
  [[nodiscard]] const std::vector<MapPtr>& maps() const { return maps_; }
  [[nodiscard]] std::size_t bytes() const;  // of memory

  // The same with other items in one, for `given` in tests.
  [[nodiscard]] std::shared_ptr<const Lists> with_list(std::size_t list, ListPtr items) const;
  [[nodiscard]] std::shared_ptr<const Lists> with_map(std::size_t map, MapPtr items) const;

 private:
  std::vector<ListPtr> lists_;
  std::vector<MapPtr> maps_;
};

// By list: whether some rule or limit of the set asks if a text contains one of its items.
[[nodiscard]] std::vector<bool> searched_lists(const RuleSet& set);

[[nodiscard]] ListPtr make_list(Type type, bool searched, std::span<const Constant> items);
[[nodiscard]] MapPtr make_map(Type key, Type value, const MapEntries& entries);

// Why a file gave nothing: "lists/a.txt:3:7: error: …" with the line and a caret, all of its
// mistakes; `first` is the first of them in one line.
struct Broken {
  std::string file;
  std::string first;
  std::string all;
  std::size_t mistakes = 0;
};

// What a file holds, or why it is kept out. They block: not on a loop.
[[nodiscard]] std::expected<ListPtr, Broken> read_list(const List& list, bool searched,
                                                       Files& files);
[[nodiscard]] std::expected<MapPtr, Broken> read_map(const Map& map, Files& files);

struct LoadedLists {
  std::shared_ptr<const Lists> lists;
  std::vector<Broken> broken;  // their lists answer `failed`
};
[[nodiscard]] LoadedLists load_lists(const RuleSet& set, Files& files);

}  // namespace sekisho::rules::lists
