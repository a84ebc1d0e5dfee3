#include "rules/check/reference.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "rules/check/values.h"

namespace sekisho::rules {

std::string values_reference() {
  std::string text = "| from | value | type | what it is |\n|---|---|---|---|\n";
  for (std::size_t stage = 0; stage < kStageNames.size(); ++stage) {
    for (const auto& value : all_values()) {
      if (value.from != static_cast<Stage>(stage)) continue;
      const auto type = value.many ? plural(value.type) : to_string(value.type);
      std::string what(value.text);
      if (!value.item.empty() && value.item != value.name) {
        what += fmt::format("{}of {} `{}`", what.empty() ? "" : "; ",
                            value.item == "rcpt" ? "the" : "one", value.item);
      }
      text += fmt::format("| {} | `{}` | {} | {} |\n", kStageNames[stage], value.name, type, what);
    }
    if (static_cast<Stage>(stage) == Stage::message) {
      text += "| message | `header \"Name\"` | a text | any header field, decoded |\n";
    }
  }
  return text;
}

}  // namespace sekisho::rules
