#include "gateway/login_helper/ldap_text.h"

#include <gtest/gtest.h>

namespace sekisho::login {
namespace {

TEST(LdapText, AnOrdinaryNameStandsAsItIs) {
  EXPECT_EQ(fill_in("uid={user},ou=people", "a.b-c_d@example.com"),
            "uid=a.b-c_d@example.com,ou=people");
  EXPECT_EQ(fill_in("(|(uid={user})(mail={user}))", "alice"), "(|(uid=alice)(mail=alice))");
  EXPECT_EQ(fill_in("uid={user}", "j\xc3\xbcrgen"), "uid=j\xc3\xbcrgen");
}

TEST(LdapText, ANameCanNotLeaveItsPlaceInADn) {
  EXPECT_EQ(fill_in("uid={user},ou=people", "x,ou=admins"), "uid=x\\2cou\\3dadmins,ou=people");
  EXPECT_EQ(fill_in("uid={user}", "a+b\\c\"<>;#"), "uid=a\\2bb\\5cc\\22\\3c\\3e\\3b\\23");
  EXPECT_EQ(fill_in("uid={user}", " lead and trail "), "uid=\\20lead\\20and\\20trail\\20");
}

TEST(LdapText, ANameCanNotChangeAFilter) {
  EXPECT_EQ(fill_in("(uid={user})", "*"), "(uid=\\2a)");
  EXPECT_EQ(fill_in("(uid={user})", "a)(|(uid=*"), "(uid=a\\29\\28\\7c\\28uid\\3d\\2a)");
  EXPECT_EQ(fill_in("(uid={user})", std::string("a\0b", 3)), "(uid=a\\00b)");
}

TEST(LdapText, ANameThatLooksLikeTheMarkIsFilledInOnce) {
  EXPECT_EQ(fill_in("(uid={user})", "{user}"), "(uid=\\7buser\\7d)");
}

}  // namespace
}  // namespace sekisho::login
