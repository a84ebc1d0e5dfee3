#include "rules/lists/list_files.h"

#include <utility>

#include "gateway/base/file_watch.h"

namespace sekisho::rules::lists {

ListFiles::ListFiles(std::shared_ptr<const RuleSet> set, const ListFiles* before)
    : set_(std::move(set)), searched_(searched_lists(*set_)) {
  Tables tables;
  tables.lists.resize(set_->lists.size());
  tables.maps.resize(set_->maps.size());
  for (std::size_t i = 0; i < set_->lists.size(); ++i) {
    const auto& list = set_->lists[i];
    if (list.file.empty()) {
      tables.lists[i] = make_list(list.type, searched_[i], list.items);
    } else {
      watched_.push_back({false, i, list.file, {}, {}});
    }
  }
  for (std::size_t i = 0; i < set_->maps.size(); ++i) {
    const auto& map = set_->maps[i];
    if (map.file.empty()) {
      tables.maps[i] = make_map(map.key, map.value, map.entries);
    } else {
      watched_.push_back({true, i, map.file, {}, {}});
    }
  }
  for (auto& one : watched_) {
    // Before the read: a change during it is seen at the next look.
    one.stamp = file_stamp(one.file);
    if (before != nullptr && take_over(one, *before, tables)) continue;
    if (auto broken = read(one, tables)) {
      one.complaint = broken->first;
      broken_at_start_.push_back(std::move(*broken));
    }
  }
  current_ = std::make_shared<Lists>(std::move(tables.lists), std::move(tables.maps));
}

const std::string& ListFiles::name_of(const Watched& one) const {
  return one.map ? set_->maps[one.index].name : set_->lists[one.index].name;
}

bool ListFiles::take_over(Watched& one, const ListFiles& before, Tables& into) const {
  if (!is_final_stamp(one.stamp)) return false;
  const std::lock_guard not_while_it_looks(before.looking_);
  const auto there = before.current();
  for (const auto& old : before.watched_) {
    if (old.map != one.map || old.file != one.file || old.stamp != one.stamp ||
        !old.complaint.empty()) {
      continue;
    }
    if (one.map) {
      const auto& was = before.set_->maps[old.index];
      const auto& is = set_->maps[one.index];
      if (was.key != is.key || was.value != is.value) continue;
      into.maps[one.index] = there->maps()[old.index];
      return true;
    }
    const auto& items = there->lists()[old.index];
    if (before.set_->lists[old.index].type != set_->lists[one.index].type ||
        items->searched() != searched_[one.index]) {
      continue;
    }
    into.lists[one.index] = items;
    return true;
  }
  return false;
}

std::optional<Broken> ListFiles::read(const Watched& one, Tables& into) const {
  DiskFiles files;
  if (one.map) {
    auto items = read_map(set_->maps[one.index], files);
    if (!items) return std::move(items.error());
    into.maps[one.index] = std::move(*items);
  } else {
    auto items = read_list(set_->lists[one.index], searched_[one.index], files);
    if (!items) return std::move(items.error());
    into.lists[one.index] = std::move(*items);
  }
  return std::nullopt;
}

ListFiles::Look ListFiles::look() {
  const std::lock_guard one_at_a_time(looking_);
  Look look;
  const auto old = current();
  Tables tables{old->lists(), old->maps()};
  for (auto& one : watched_) {
    auto stamp = file_stamp(one.file);
    if (stamp != one.stamp || !is_final_stamp(stamp)) {
      one.stamp = std::move(stamp);
      auto broken = read(one, tables);
      if (!broken) {
        one.complaint.clear();
        look.reloaded.push_back(name_of(one));
      } else if (one.complaint != broken->first) {
        one.complaint = broken->first;  // told once, not at every look until somebody mends it
        look.broken.push_back(std::move(*broken));
      }
    }
    if (!one.complaint.empty()) ++look.still_broken;
  }
  if (!look.reloaded.empty()) {
    auto fresh = std::make_shared<const Lists>(std::move(tables.lists), std::move(tables.maps));
    const std::lock_guard instant(giving_);
    current_ = std::move(fresh);
  }
  return look;
}

std::shared_ptr<const Lists> ListFiles::current() const {
  const std::lock_guard instant(giving_);
  return current_;
}

LogLine log_line_of(const Broken& broken) {
  LogLine line("list-broken", LogLevel::error);
  line.add("file", broken.file).add("mistake", broken.first).add("mistakes", broken.mistakes);
  line.add("kept", "the items that were in force");
  return line;
}

}  // namespace sekisho::rules::lists
