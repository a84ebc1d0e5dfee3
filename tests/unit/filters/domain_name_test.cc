#include "filters/domain_name.h"

#include <gtest/gtest.h>

namespace sekisho::filters {
namespace {

TEST(DomainName, IsInLowerCaseAndALabels) {
  EXPECT_EQ(to_a_labels("Mail.Example.COM."), "mail.example.com");
  EXPECT_EQ(to_a_labels("b\xc3\xbc"
                        "cher.example"),
            "xn--bcher-kva.example");
}

TEST(DomainName, IsOneThatTheDnsCanHold) {
  EXPECT_TRUE(to_a_labels(std::string(63, 'a') + ".Example."));
  EXPECT_FALSE(to_a_labels(std::string(64, 'a') + ".example"));
  EXPECT_FALSE(to_a_labels("a..example"));
  EXPECT_FALSE(to_a_labels("a b.example"));
  EXPECT_FALSE(to_a_labels(""));
  std::string longest;
  while (longest.size() < 245) longest += "a.";
  EXPECT_TRUE(to_a_labels(longest));
  EXPECT_FALSE(to_a_labels(longest + "b.c.d"));
}

}  // namespace
}  // namespace sekisho::filters
