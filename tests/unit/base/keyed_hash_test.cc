#include "gateway/base/keyed_hash.h"

#include <string>

#include <gtest/gtest.h>

namespace sekisho {
namespace {

HashKey counting_key() {
  HashKey key;
  for (std::size_t i = 0; i < key.bytes.size(); ++i) key.bytes[i] = static_cast<std::uint8_t>(i);
  return key;
}

std::string counting(std::size_t length) {
  std::string text;
  for (std::size_t i = 0; i < length; ++i) text += static_cast<char>(i);
  return text;
}

// As `openssl mac -macopt hexkey:000102… SIPHASH` says, too.
TEST(KeyedHash, IsSipHash24) {
  EXPECT_EQ(keyed_hash64(counting_key(), ""), 0x726fdb47dd0e0e31U);
  EXPECT_EQ(keyed_hash64(counting_key(), counting(15)), 0xa129ca6149be45e5U);
  EXPECT_EQ(keyed_hash128(counting_key(), ""), (Hash128{0xe6a825ba047f81a3U, 0x930255c71472f66dU}));
  EXPECT_EQ(keyed_hash128(counting_key(), counting(15)),
            (Hash128{0x11a8b03399e99354U, 0xd9c3cf970fec087eU}));
}

TEST(KeyedHash, DependsOnItsKey) {
  EXPECT_NE(keyed_hash64(HashKey::random(), "a"), keyed_hash64(HashKey::random(), "a"));
}

}  // namespace
}  // namespace sekisho
