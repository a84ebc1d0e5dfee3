// JSON on standard output, for every command that has --json. Bytes that are no UTF-8 become
// U+FFFD.
#pragma once

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace sekisho::cli {

inline void print_json(const nlohmann::json& json) {
  fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace sekisho::cli
