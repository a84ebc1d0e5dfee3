// The values that rules can ask for: name, type, and from which stage on it is known. One table,
// from which the checker, `sekisho rules list --values` and the reference in docs/rules.md come.
#pragma once

#include <span>
#include <string_view>

#include "rules/check/stage.h"
#include "rules/check/type.h"

namespace sekisho::rules {

struct ValueInfo {
  std::string_view name;
  Type type = Type::text;
  Stage from = Stage::connect;
  // Of one recipient, part, URL, address or header field: stands inside `any ITEM where (…)`. At
  // rcpt the recipient at hand is meant where none is named.
  std::string_view item;
  bool many = false;      // several at once: counted, or asked by `contains`
  bool readings = false;  // one thing that readers read differently; a test is true if any fits
  std::string_view text;
};

struct ItemInfo {
  std::string_view name;
  Stage from = Stage::message;
  bool of_value = false;  // any address in header.from where …
  std::string_view text;
};

[[nodiscard]] std::span<const ValueInfo> all_values();
[[nodiscard]] std::span<const ItemInfo> all_items();
[[nodiscard]] const ValueInfo* find_value(std::string_view name);
[[nodiscard]] const ItemInfo* find_item(std::string_view name);

}  // namespace sekisho::rules
