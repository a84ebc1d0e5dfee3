// [sender]: what is done with the addresses that an authenticated user sends as.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/settings_visitor.h"

namespace sekisho::sender {

enum class Policy : std::uint8_t { by_default, off, log, rewrite, reject };
std::string_view to_string(Policy policy);

struct SenderSettings {
  Policy policy = Policy::reject;
  std::filesystem::path map_file;
  bool own_login = true;
  std::vector<std::string> login_domains;
  std::string tag_separator{"+"};
  bool allow_null_sender = true;

  void visit(SettingsVisitor& v);
  bool operator==(const SenderSettings&) const = default;
};

// The words for a setting of this kind, without `by_default`.
std::vector<std::pair<std::string_view, Policy>> policy_words();

}  // namespace sekisho::sender
