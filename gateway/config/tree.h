// Node: what the configuration files say, merged, before anybody knows what it means: values with
// the places of their keys and their own. Owned by the Document; read-only after it is built.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/source.h"

namespace sekisho::config {

struct Node {
  enum class Kind : std::uint8_t { boolean, integer, real, text, time, list, table };

  Kind kind = Kind::table;
  bool boolean = false;
  std::int64_t integer = 0;
  std::string text;
  std::vector<Node> items;
  std::map<std::string, Node, std::less<>> children;
  Place key;    // of the key; of an element: as `place`
  Place place;  // of the value; of a table: its header

  [[nodiscard]] const Node* child(std::string_view name) const;
  // "listener.mx.address"; nullptr when it isn't set. Names hold no dots (see ReadVisitor).
  [[nodiscard]] const Node* find(std::string_view path) const;
};

// "a number", "a table", … for messages.
std::string_view describe(Node::Kind kind);

}  // namespace sekisho::config
