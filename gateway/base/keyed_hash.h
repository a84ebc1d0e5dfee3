// SipHash-2-4: a hash under a secret key, so that who sends us names can't choose which of them
// collide. 64 bits for tables that compare what they find; 128 bits where the hash stands for the
// name itself, as in counters by key. Pure.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string_view>

namespace sekisho {

struct HashKey {
  std::array<std::uint8_t, 16> bytes{};
  static HashKey random();
  bool operator==(const HashKey&) const = default;
};

struct Hash128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  auto operator<=>(const Hash128&) const = default;
};

[[nodiscard]] std::uint64_t keyed_hash64(const HashKey& key, std::string_view bytes);
[[nodiscard]] Hash128 keyed_hash128(const HashKey& key, std::string_view bytes);

}  // namespace sekisho
