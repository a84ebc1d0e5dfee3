#include "gateway/auth/decoys.h"

#include <gtest/gtest.h>

#include "gateway/auth/password_hash.h"
#include "tests/unit/auth/cheap_hash.h"

namespace sekisho::auth {
namespace {

std::shared_ptr<const Users> users(Users all) {
  return std::make_shared<const Users>(std::move(all));
}

TEST(Decoys, AreOfTheFilesOwnHashesAndStayTheSameForAName) {
  const std::string cheap = test::cheap_hash("a");
  const std::string md5 = test::hash_with("b", "$1$saltsalt");
  const Decoys decoys(users({{"a", cheap}, {"b", md5}, {"c", "!" + cheap}}), Decoys::random_key());
  int of_cheap = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::string name = "unknown" + std::to_string(i);
    const std::string decoy = decoys.for_name(name);
    ASSERT_TRUE(decoy == cheap || decoy == md5) << decoy;
    EXPECT_EQ(decoys.for_name(name), decoy);
    of_cheap += decoy == cheap ? 1 : 0;
  }
  EXPECT_GT(of_cheap, 350);  // as mixed as the file is
  EXPECT_LT(of_cheap, 650);
}

TEST(Decoys, WhichNameDrawsWhichHashDependsOnTheKey) {
  const auto two = users({{"a", test::cheap_hash("a")}, {"b", test::cheap_hash("b")}});
  const Decoys one(two, Decoys::random_key());
  const Decoys other(two, Decoys::random_key());
  int different = 0;
  for (int i = 0; i < 100; ++i) {
    const std::string name = "unknown" + std::to_string(i);
    different += one.for_name(name) == other.for_name(name) ? 0 : 1;
  }
  EXPECT_GT(different, 10);
}

TEST(Decoys, WithoutAnyUserIsAHashOfTheDefaultMethod) {
  const Decoys decoys(users({{"locked", "!"}}), Decoys::random_key());
  EXPECT_EQ(hash_method(decoys.for_name("x")), "yescrypt");
  EXPECT_TRUE(is_usable_hash(decoys.for_name("x")));
}

}  // namespace
}  // namespace sekisho::auth
