#include "gateway/base/keyed_hash.h"

#include <bit>
#include <cstddef>
#include <cstring>
#include <stdexcept>

#include <openssl/rand.h>

namespace sekisho {
namespace {

std::uint64_t little_endian(const void* at, std::size_t bytes = 8) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, bytes);
  if constexpr (std::endian::native == std::endian::big) word = std::byteswap(word);
  return word;
}

struct State {
  std::uint64_t v0, v1, v2, v3;

  State(const HashKey& key, bool wide) {
    const auto k0 = little_endian(key.bytes.data());
    const auto k1 = little_endian(key.bytes.data() + 8);
    v0 = k0 ^ 0x736f6d6570736575U;
    v1 = k1 ^ 0x646f72616e646f6dU ^ (wide ? 0xeeU : 0U);
    v2 = k0 ^ 0x6c7967656e657261U;
    v3 = k1 ^ 0x7465646279746573U;
  }

  void rounds(int count) {
    for (int i = 0; i < count; ++i) {
      v0 += v1;
      v1 = std::rotl(v1, 13) ^ v0;
      v0 = std::rotl(v0, 32);
      v2 += v3;
      v3 = std::rotl(v3, 16) ^ v2;
      v0 += v3;
      v3 = std::rotl(v3, 21) ^ v0;
      v2 += v1;
      v1 = std::rotl(v1, 17) ^ v2;
      v2 = std::rotl(v2, 32);
    }
  }

  void take(std::uint64_t word) {
    v3 ^= word;
    rounds(2);
    v0 ^= word;
  }

  void take_all(std::string_view bytes) {
    const std::uint64_t length = static_cast<std::uint64_t>(bytes.size()) << 56U;
    for (; bytes.size() >= 8; bytes.remove_prefix(8)) take(little_endian(bytes.data()));
    take(length | (bytes.empty() ? 0 : little_endian(bytes.data(), bytes.size())));
  }

  [[nodiscard]] std::uint64_t folded() const { return v0 ^ v1 ^ v2 ^ v3; }
};

}  // namespace

HashKey HashKey::random() {
  HashKey key;
  if (RAND_bytes(key.bytes.data(), static_cast<int>(key.bytes.size())) != 1) {
    throw std::runtime_error("no random bytes");
  }
  return key;
}

std::uint64_t keyed_hash64(const HashKey& key, std::string_view bytes) {
  State state(key, false);
  state.take_all(bytes);
  state.v2 ^= 0xffU;
  state.rounds(4);
  return state.folded();
}

Hash128 keyed_hash128(const HashKey& key, std::string_view bytes) {
  State state(key, true);
  state.take_all(bytes);
  Hash128 hash;
  state.v2 ^= 0xeeU;
  state.rounds(4);
  hash.low = state.folded();
  state.v1 ^= 0xddU;
  state.rounds(4);
  hash.high = state.folded();
  return hash;
}

}  // namespace sekisho
