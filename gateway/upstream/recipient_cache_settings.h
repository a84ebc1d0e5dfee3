// [recipient_cache]: for how long the upstreams' answers about recipients are kept.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "gateway/base/settings_visitor.h"

namespace sekisho::upstream {

struct RecipientCacheSettings {
  std::chrono::milliseconds unknown{5 * 60 * 1000};  // 0: not kept
  std::chrono::milliseconds known{0};
  std::int64_t max_entries = 20'000;
  std::vector<std::string> refusals{"5.1.1", "5.1.6", "5.1.10"};

  [[nodiscard]] bool used() const { return unknown.count() > 0 || known.count() > 0; }
  void visit(SettingsVisitor& v);
  bool operator==(const RecipientCacheSettings&) const = default;
};

}  // namespace sekisho::upstream
