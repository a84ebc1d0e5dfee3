#include "gateway/config/read_visitor.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "gateway/base/text.h"

namespace sekisho::config {
namespace {

// Names of tables that the administrator chooses: they go into logs, metrics and dotted paths.
bool is_name(std::string_view name) {
  constexpr std::size_t kMaxName = 64;
  return !name.empty() && name.size() <= kMaxName &&
         std::ranges::all_of(name, [](char c) { return is_alnum(c) || c == '_' || c == '-'; });
}

std::string join(const std::string& table, std::string_view key) {
  return table.empty() ? std::string(key) : fmt::format("{}.{}", table, key);
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates) {
  const auto near = closest(word, candidates);
  return near ? fmt::format("did you mean `{}`?", *near) : std::string();
}

}  // namespace

ReadVisitor::ReadVisitor(const Document& document, Problems& problems, Origins& origins)
    : document_(document), problems_(problems), origins_(origins) {
  frames_.push_back(Frame{&document.root, {}, {}, {}, false});
}

std::string ReadVisitor::path_of(std::string_view key) const { return join(frame().path, key); }

Place ReadVisitor::table_place() const {
  for (auto it = frames_.rbegin(); it != frames_.rend(); ++it) {
    if (it->node != nullptr) return it->node->place;
  }
  return document_.whole();
}

const Node* ReadVisitor::take(std::string_view key) {
  frame().known.emplace(key);
  tables_by_key_.emplace(key, frame().path);
  const Node* node = frame().node == nullptr ? nullptr : frame().node->child(key);
  if (node != nullptr) origins_[path_of(key)] = node->key.to_string();
  return node;
}

const Node* ReadVisitor::take(std::string_view key, Node::Kind kind, std::string_view example) {
  const Node* node = take(key);
  if (node == nullptr || node->kind == kind) return node;
  wrong_type(*node, key, describe(kind), fmt::format("write {} = {}", key, example));
  return nullptr;
}

void ReadVisitor::wrong_type(const Node& node, std::string_view key, std::string_view wanted,
                             std::string hint) {
  const std::string setting = path_of(key);
  problems_.error(setting, node.place,
                  fmt::format("{}: must be {}, not {}", setting, wanted, describe(node.kind)),
                  std::move(hint));
}

void ReadVisitor::wrong_value(const Node& node, std::string_view setting, std::string_view message,
                              std::string hint) {
  problems_.error(setting, node.place, fmt::format("{}: {}", setting, message), std::move(hint));
}

void ReadVisitor::field(std::string_view key, bool& value, std::string_view /*doc*/) {
  if (const Node* node = take(key, Node::Kind::boolean, "true, or false, without quotes")) {
    value = node->boolean;
  }
}

void ReadVisitor::field(std::string_view key, std::int64_t& value, std::string_view /*doc*/,
                        std::int64_t min, std::int64_t max) {
  const std::string example = std::to_string(std::clamp<std::int64_t>(value, min, max));
  const Node* node = take(key, Node::Kind::integer, example + ", a number without quotes");
  if (node == nullptr) return;
  if (node->integer < min || node->integer > max) {
    const std::string range =
        max == INT64_MAX ? fmt::format("at least {}", min) : fmt::format("from {} to {}", min, max);
    wrong_value(*node, path_of(key), fmt::format("must be {}, not {}", range, node->integer));
    return;
  }
  value = node->integer;
}

void ReadVisitor::field(std::string_view key, std::string& value, std::string_view /*doc*/) {
  const Node* node = take(key, Node::Kind::text, "\"…\", with quotes");
  if (node != nullptr && is_printable(*node, path_of(key))) value = node->text;
}

void ReadVisitor::field(std::string_view key, std::filesystem::path& value,
                        std::string_view /*doc*/) {
  const Node* node = take(key, Node::Kind::text, "\"…\", a path in quotes");
  if (node != nullptr && is_printable(*node, path_of(key))) value = node->text;
  if (value.empty() || value.is_absolute()) return;
  const Place place = node != nullptr ? node->place : document_.whole();
  if (place.source == nullptr) return;
  value =
      (std::filesystem::absolute(place.source->path()).parent_path() / value).lexically_normal();
}

void ReadVisitor::table(std::string_view key, std::string_view /*doc*/,
                        const std::function<void(SettingsVisitor&)>& visit) {
  const Node* node = take(key);
  if (node != nullptr && node->kind != Node::Kind::table) {
    wrong_type(*node, key, "a table", fmt::format("write its keys under [{}]", path_of(key)));
    node = nullptr;
  }
  enter(node, path_of(key), {}, [&] { visit(*this); });
}

void ReadVisitor::named_tables(
    std::string_view key, const std::vector<std::string>& /*existing*/, std::string_view /*doc*/,
    const std::function<void(const std::string& name, SettingsVisitor&)>& visit) {
  const Node* node = take(key);
  if (node == nullptr) return;
  const std::string path = path_of(key);
  if (node->kind != Node::Kind::table) {
    wrong_type(*node, key, "tables with names", fmt::format("write each as [{}.NAME]", path));
    return;
  }
  for (const auto& [name, child] : node->children) {
    if (child.kind != Node::Kind::table) {
      problems_.error(
          path + "." + name, child.key,
          fmt::format("{}.{}: must be a table, not {}", path, name, describe(child.kind)),
          fmt::format("[{}] has no keys of its own: put them under [{}.NAME]", path, path));
    } else if (!is_name(name)) {
      problems_.error({}, child.key, fmt::format("\"{}\" is no name for a table", name),
                      "use letters, digits, - and _, 64 at most");
    } else {
      origins_[join(path, name)] = child.key.to_string();
      enter(&child, join(path, name), name, [&] { visit(name, *this); });
    }
  }
}

void ReadVisitor::enter(const Node* node, std::string path, std::string name,
                        const std::function<void()>& visit) {
  frames_.push_back(Frame{node, std::move(path), std::move(name), {}, false});
  visit();
  const Frame done = std::move(frames_.back());
  frames_.pop_back();
  if (done.node == nullptr || done.ignore_rest) return;
  for (const auto& [key, child] : done.node->children) {
    if (!done.known.contains(key)) unknown_.push_back({&child, done.path, key, done.known});
  }
}

void ReadVisitor::finish() {
  const Frame& root = frames_.front();
  for (const auto& [key, child] : document_.root.children) {
    if (!root.known.contains(key)) unknown_.push_back({&child, {}, key, root.known});
  }
  for (const Unknown& unknown : unknown_) tell_unknown(unknown);
}

void ReadVisitor::tell_unknown(const Unknown& unknown) {
  const bool is_table = unknown.node->kind == Node::Kind::table;
  const std::string shown = join(unknown.table, unknown.key);
  std::string hint;
  // TOML's own trap: a key behind a header belongs to that table, whatever was meant.
  const auto [first, last] = tables_by_key_.equal_range(unknown.key);
  const std::vector<std::string_view> siblings(unknown.known.begin(), unknown.known.end());
  if (first != last && std::next(first) == last && !is_table) {
    hint = first->second.empty()
               ? fmt::format("`{}` belongs at the top, before the first [table]", unknown.key)
               : fmt::format("`{}` belongs under [{}]", unknown.key, first->second);
  } else {
    hint = did_you_mean(unknown.key, siblings);
  }
  problems_.error(shown, unknown.node->key,
                  fmt::format("unknown {} `{}`", is_table ? "table" : "key", shown),
                  std::move(hint));
}

void ReadVisitor::choice_index(std::string_view key, std::size_t& index,
                               const std::vector<std::string_view>& words,
                               std::string_view /*doc*/) {
  const Node* node = take(key, Node::Kind::text, fmt::format("\"{}\"", words[index]));
  if (node == nullptr) return;
  const auto found = std::ranges::find(words, node->text);
  if (found != words.end()) {
    index = static_cast<std::size_t>(found - words.begin());
    return;
  }
  wrong_value(*node, path_of(key),
              fmt::format("\"{}\" is none of {}", node->text, fmt::join(words, ", ")),
              did_you_mean(node->text, words));
}

void ReadVisitor::error(std::string_view key, std::string message) {
  const std::string setting = path_of(key);
  const Node* node = frame().node == nullptr ? nullptr : frame().node->child(key);
  if (node == nullptr) {
    problems_.missing(setting, table_place(), fmt::format("{}: {}", setting, message));
    return;
  }
  // A message about an element of a list quotes it: point at the longest one that it holds.
  const Node* element = nullptr;
  for (const Node& item : node->items) {
    const bool longer = element == nullptr || item.text.size() > element->text.size();
    if (!item.text.empty() && longer && message.contains(item.text)) element = &item;
  }
  if (element == nullptr) {
    // One that isn't text was told already; what follows from it isn't worth a line.
    if (!problems_.has_error(setting)) wrong_value(*node, setting, message);
  } else {
    const auto index = element - node->items.data();
    wrong_value(*element, fmt::format("{}[{}]", setting, index), message);
  }
}

bool ReadVisitor::is_set(std::string_view key) const {
  return frame().node != nullptr && frame().node->child(key) != nullptr;
}

}  // namespace sekisho::config
