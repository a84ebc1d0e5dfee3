#include "gateway/config/tree.h"

#include "gateway/base/text.h"

namespace sekisho::config {

const Node* Node::child(std::string_view name) const {
  const auto found = children.find(name);
  return found == children.end() ? nullptr : &found->second;
}

const Node* Node::find(std::string_view path) const {
  const Node* node = this;
  for (const std::string_view name : split(path, '.')) {
    node = node->child(name);
    if (node == nullptr) return nullptr;
  }
  return node;
}

std::string_view describe(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::boolean:
      return "true or false";
    case Node::Kind::integer:
      return "a number";
    case Node::Kind::real:
      return "a fraction";
    case Node::Kind::text:
      return "text";
    case Node::Kind::time:
      return "a date or time";
    case Node::Kind::list:
      return "a list";
    case Node::Kind::table:
      return "a table";
  }
  return "something else";
}

}  // namespace sekisho::config
