#include "rules/lists/lists.h"

#include <algorithm>
#include <set>

namespace sekisho::rules::lists {
namespace {

using engine::Answer;
using engine::Fact;

Answer answer(bool yes) { return yes ? Answer::yes : Answer::no; }

void note_searched(const Condition* condition, std::set<const Condition*>& seen,
                   std::vector<bool>& out) {
  if (condition == nullptr || !seen.insert(condition).second) return;
  const auto& right = condition->right;
  if (condition->op == Op::contains && right && right->kind == Operand::Kind::list) {
    out[right->index] = true;
  }
  for (const auto& child : condition->children) note_searched(child.get(), seen, out);
}

}  // namespace

Answer Lists::has(std::size_t list, const Fact& value) const {
  return lists_[list] ? answer(lists_[list]->has(value)) : Answer::failed;
}

Answer Lists::any_within(std::size_t list, std::string_view text) const {
  if (!lists_[list] || !lists_[list]->searched()) return Answer::failed;
  return answer(lists_[list]->any_within(text));
}

Answer Lists::has_key(std::size_t map, const Fact& key) const {
  return maps_[map] ? answer(maps_[map]->has_key(key)) : Answer::failed;
}

Answer Lists::has(std::size_t map, const Fact& key, const Fact& value) const {
  return maps_[map] ? answer(maps_[map]->has(key, value)) : Answer::failed;
}

Answer Lists::values(std::size_t map, const Fact& key, std::vector<std::string>& out) const {
  return maps_[map] ? answer(maps_[map]->values(key, out)) : Answer::failed;
}

std::size_t Lists::bytes() const {
  std::size_t sum = 0;
  for (const auto& list : lists_) sum += list ? list->bytes() : 0;
  for (const auto& map : maps_) sum += map ? map->bytes() : 0;
  return sum;
}

std::shared_ptr<const Lists> Lists::with_list(std::size_t list, ListPtr items) const {
  auto lists = lists_;
  lists[list] = std::move(items);
  return std::make_shared<Lists>(std::move(lists), maps_);
}

std::shared_ptr<const Lists> Lists::with_map(std::size_t map, MapPtr items) const {
  auto maps = maps_;
  maps[map] = std::move(items);
  return std::make_shared<Lists>(lists_, std::move(maps));
}

std::vector<bool> searched_lists(const RuleSet& set) {
  std::vector<bool> out(set.lists.size());
  std::set<const Condition*> seen;
  for (const auto& rule : set.rules) note_searched(rule.when.get(), seen, out);
  for (const auto& limit : set.limits) note_searched(limit.only_when.get(), seen, out);
  return out;
}

ListPtr make_list(Type type, bool searched, std::span<const Constant> items) {
  auto list = std::make_shared<ListItems>(type, searched);
  for (const auto& item : items) list->add(item);
  list->finish();
  return list;
}

MapPtr make_map(Type key, Type value, const MapEntries& entries) {
  auto map = std::make_shared<MapItems>(key, value);
  for (const auto& [one, values] : entries) map->add(one, values);
  map->finish();
  return map;
}

LoadedLists load_lists(const RuleSet& set, Files& files) {
  LoadedLists loaded;
  const auto searched = searched_lists(set);
  std::vector<ListPtr> lists;
  for (std::size_t i = 0; i < set.lists.size(); ++i) {
    const auto& list = set.lists[i];
    if (list.file.empty()) {
      lists.push_back(make_list(list.type, searched[i], list.items));
      continue;
    }
    auto read = read_list(list, searched[i], files);
    if (!read) loaded.broken.push_back(std::move(read.error()));
    lists.push_back(read ? std::move(*read) : nullptr);
  }
  std::vector<MapPtr> maps;
  for (const auto& map : set.maps) {
    if (map.file.empty()) {
      maps.push_back(make_map(map.key, map.value, map.entries));
      continue;
    }
    auto read = read_map(map, files);
    if (!read) loaded.broken.push_back(std::move(read.error()));
    maps.push_back(read ? std::move(*read) : nullptr);
  }
  loaded.lists = std::make_shared<Lists>(std::move(lists), std::move(maps));
  return loaded;
}

}  // namespace sekisho::rules::lists
