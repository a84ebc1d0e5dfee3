#include "gateway/base/idna.h"

#include <gtest/gtest.h>

namespace sekisho {
namespace {

TEST(Idna, WritesNamesAsTheDnsHasThem) {
  EXPECT_EQ(to_idna("müller.de"), "xn--mller-kva.de");
  EXPECT_EQ(to_idna("MÜLLER.de"), "xn--mller-kva.de");
  EXPECT_EQ(to_idna("straße.example"), "xn--strae-oqa.example");
}

TEST(Idna, GivesNothingForWhatIsNoName) {
  EXPECT_FALSE(to_idna("a\u2488.example"));
  EXPECT_FALSE(to_idna("\xff.example"));
  EXPECT_FALSE(to_idna(std::string_view("müller.de\0.example", 19)));
}

}  // namespace
}  // namespace sekisho
