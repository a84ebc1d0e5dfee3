#include "gateway/base/aged_map.h"

#include <string>

#include <gtest/gtest.h>

namespace sekisho {
namespace {

TEST(AgedMap, KeepsWhatWasRenewedAndDropsTheOldestWhenFull) {
  AgedMap<std::string, int> map(3);
  map.renew("a") = 1;
  map.renew("b") = 2;
  map.renew("c") = 3;
  map.renew("a") = 4;  // now the youngest
  map.renew("d") = 5;
  EXPECT_EQ(map.size(), 3U);
  EXPECT_EQ(map.find("b"), nullptr);
  EXPECT_EQ(*map.find("a"), 4);
  EXPECT_EQ(*map.find("c"), 3);
}

TEST(AgedMap, LookingDoesNotMakeYounger) {
  AgedMap<std::string, int> map(2);
  map.renew("a");
  map.renew("b");
  EXPECT_NE(map.find("a"), nullptr);
  map.renew("c");
  EXPECT_EQ(map.find("a"), nullptr);
}

TEST(AgedMap, DropsOldEntriesUpToTheFirstThatIsNot) {
  AgedMap<int, int> map(10);
  for (int i = 0; i < 6; ++i) map.renew(i) = i;
  map.drop_while([](int value) { return value < 4; });
  EXPECT_EQ(map.size(), 2U);
  map.drop_while([](int) { return true; });
  EXPECT_EQ(map.size(), 0U);
}

TEST(AgedMap, ErasedEntriesAreGoneAndOthersStay) {
  AgedMap<int, int> map(10);
  map.renew(1) = 1;
  map.renew(2) = 2;
  map.erase(1);
  map.erase(7);
  EXPECT_EQ(map.find(1), nullptr);
  EXPECT_EQ(*map.find(2), 2);
  map.renew(1) = 3;
  EXPECT_EQ(*map.find(1), 3);
}

}  // namespace
}  // namespace sekisho
