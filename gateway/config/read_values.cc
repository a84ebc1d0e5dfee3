// The parts of ReadVisitor for values that are written as text or lists of text.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "gateway/config/read_visitor.h"
#include "gateway/config/units.h"

namespace sekisho::config {
namespace {

std::string list_example(const Node& node) {
  return node.kind == Node::Kind::text ? fmt::format("[\"{}\"]", node.text)
                                       : std::string("[\"…\", \"…\"]");
}

}  // namespace

void ReadVisitor::field(std::string_view key, Bytes& value, std::string_view /*doc*/) {
  const Node* node = take(key);
  if (node == nullptr) return;
  if (node->kind == Node::Kind::integer && node->integer >= 0) {
    wrong_value(
        *node, path_of(key), "a size needs its unit",
        fmt::format(R"(write {0} = "{1}MB", "{1}KiB" or "{1}B", in quotes)", key, node->integer));
  } else if (node->kind != Node::Kind::text) {
    wrong_type(*node, key, "a size", fmt::format("write {} = \"{}\"", key, format_size(value)));
  } else if (const Result<Bytes> size = parse_size(node->text)) {
    value = *size;
  } else {
    wrong_value(*node, path_of(key), size.error().text);
  }
}

void ReadVisitor::field(std::string_view key, std::chrono::milliseconds& value,
                        std::string_view /*doc*/) {
  const Node* node = take(key);
  if (node == nullptr) return;
  if (node->kind == Node::Kind::integer && node->integer >= 0) {
    wrong_value(
        *node, path_of(key), "a duration needs its unit",
        fmt::format(R"(write {0} = "{1}s", "{1}m" or "{1}ms", in quotes)", key, node->integer));
  } else if (node->kind != Node::Kind::text) {
    wrong_type(*node, key, "a duration",
               fmt::format("write {} = \"{}\"", key, format_duration(value)));
  } else if (const auto duration = parse_duration(node->text)) {
    value = *duration;
  } else {
    wrong_value(*node, path_of(key), duration.error().text);
  }
}

bool ReadVisitor::is_printable(const Node& node, const std::string& setting) {
  const bool control = std::ranges::any_of(node.text, [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  });
  if (control) wrong_value(node, setting, "there is a control character in the text");
  return !control;
}

void ReadVisitor::field(std::string_view key, std::vector<std::string>& value,
                        std::string_view /*doc*/) {
  const Node* node = take(key);
  if (node == nullptr) return;
  if (node->kind != Node::Kind::list) {
    wrong_type(*node, key, "a list", fmt::format("write {} = {}", key, list_example(*node)));
    return;
  }
  value.clear();
  for (const Node& item : node->items) {
    const std::string setting = fmt::format("{}[{}]", path_of(key), value.size());
    if (item.kind == Node::Kind::text) {
      value.push_back(is_printable(item, setting) ? item.text : std::string());
      continue;
    }
    wrong_value(item, setting, fmt::format("the list holds text, not {}", describe(item.kind)),
                "put it in quotes");
    value.emplace_back();  // keeps the places of the others
  }
}

void ReadVisitor::field(std::string_view key, std::vector<Network>& value, std::string_view doc) {
  std::vector<std::string> texts;
  field(key, texts, doc);
  const Node* node = frame().node == nullptr ? nullptr : frame().node->child(key);
  if (node == nullptr || node->kind != Node::Kind::list) return;
  value.clear();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (const Result<Network> network = Network::parse(texts[i])) {
      value.push_back(*network);
    } else if (const std::string setting = fmt::format("{}[{}]", path_of(key), i);
               !problems_.has_error(setting)) {
      wrong_value(node->items[i], setting, network.error().text);
    }
  }
}

}  // namespace sekisho::config
