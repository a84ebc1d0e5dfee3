// Sender maps. Oracles: a map that was read gives everybody's star no line of a user; a user whom
// it names is found by name in any case; the words of a refusal hold no control byte.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "gateway/base/encode.h"
#include "gateway/sender/sender_map.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sekisho;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto map = sender::SenderMap::parse(text, "map");
  if (!map) {
    require(map.error().text.starts_with("map:"));
    for (const char c : map.error().text) require(static_cast<unsigned char>(c) >= 0x20);
    return 0;
  }
  require(map->of_user("*") == nullptr);
  const auto again = sender::SenderMap::parse(text, "map");
  require(again && *again == *map);
  for (const char* user : {"ann", "ANN"}) {
    const auto* owned = map->of_user(user);
    require((owned == nullptr) == (map->of_user("Ann") == nullptr));
    if (owned == nullptr || !owned->first) continue;
    const auto address = sender::canonical(*owned->first);
    require(address && owned->find(*address, "") != 0);
    require(owned->find(*address, "+") != 0);
  }
  return 0;
}
