#include "gateway/auth/scram_decoys.h"

#include <set>

#include <gtest/gtest.h>

namespace sekisho::auth {
namespace {

std::string secret(const std::string& password, int iterations = 4096) {
  return to_text(make_scram_secret(Secret(password), iterations).value());
}

Users some_users() {
  Users users;
  for (int i = 0; i < 40; ++i) users["user" + std::to_string(i)] = secret("x", 4096 + i % 2);
  return users;
}

TEST(ScramDecoys, ThereAreNoneWhereNobodyHasAScramSecret) {
  EXPECT_TRUE(ScramDecoys({}).empty());
  EXPECT_TRUE(ScramDecoys({{"alice",
                            "$5$rounds=1000$dialog$RODeuJCNdtjRCzM9Ic3sabQNUsCSQmv3rXgcYW"
                            "cW4A3"},
                           {"bob", "!" + secret("x")}})
                  .empty());
  EXPECT_FALSE(ScramDecoys({{"alice", secret("x")}}).empty());
}

TEST(ScramDecoys, LookLikeTheOthersAndAreTheSameAfterARestart) {
  const Users users = some_users();
  const ScramDecoys one(users);
  const ScramDecoys other(users);
  std::set<std::string> salts;
  std::set<int> iterations;
  for (int i = 0; i < 200; ++i) {
    const std::string name = "unknown" + std::to_string(i);
    const ScramSecret decoy = one.for_name(name);
    EXPECT_EQ(decoy, other.for_name(name));
    EXPECT_EQ(decoy.salt.size(), 16U);
    EXPECT_EQ(decoy.stored_key.size(), 32U);
    EXPECT_EQ(decoy.server_key.size(), 32U);
    salts.insert(decoy.salt);
    iterations.insert(decoy.iterations);
  }
  EXPECT_EQ(salts.size(), 200U);
  EXPECT_EQ(iterations, (std::set<int>{4096, 4097}));
}

TEST(ScramDecoys, StayForMostNamesWhenOnePasswordChanges) {
  Users users = some_users();
  const ScramDecoys before(users);
  users["user7"] = secret("y");
  const ScramDecoys after(users);
  int same = 0;
  for (int i = 0; i < 200; ++i) {
    const std::string name = "unknown" + std::to_string(i);
    same += before.for_name(name) == after.for_name(name) ? 1 : 0;
  }
  EXPECT_GT(same, 100);
  EXPECT_LT(same, 200);
}

TEST(ScramDecoys, DependOnSecretsThatOneUserDoesNotHave) {
  const std::string own = secret("mine");
  const ScramDecoys here({{"mallory", own}, {"alice", secret("a")}});
  const ScramDecoys guessed({{"mallory", own}});
  EXPECT_NE(here.for_name("bob").salt, guessed.for_name("bob").salt);
}

}  // namespace
}  // namespace sekisho::auth
