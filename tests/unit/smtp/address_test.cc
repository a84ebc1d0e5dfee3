#include "gateway/smtp/address.h"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace sekisho::smtp {
namespace {

using namespace std::literals;

struct Accepted {
  std::string_view text;
  std::string_view local;
  std::string_view domain;
  std::string_view written;  // to_string()
};

TEST(ForwardPath, TakesWhatTheGrammarAllows) {
  const std::vector<Accepted> cases{
      {"<a@b>", "a", "b", "a@b"},
      {"<User.Name@Example.COM>", "User.Name", "example.com", "User.Name@example.com"},
      {"  <a@b>", "a", "b", "a@b"},
      {"\t<a@b> ", "a", "b", "a@b"},
      {"<!#$%&'*+-/=?^_`{|}~@b>", "!#$%&'*+-/=?^_`{|}~", "b", "!#$%&'*+-/=?^_`{|}~@b"},
      {"<\"john doe\"@b>", "john doe", "b", "\"john doe\"@b"},
      {"<\"a\\\"b\"@c>", "a\"b", "c", "\"a\\\"b\"@c"},
      {"<\"a\\\\b\"@c>", "a\\b", "c", "\"a\\\\b\"@c"},
      {"<\"a>b\"@c>", "a>b", "c", "\"a>b\"@c"},
      {"<\"a@b\"@c>", "a@b", "c", "\"a@b\"@c"},
      {"<\".a\"@c>", ".a", "c", "\".a\"@c"},
      {"<\"a..b\"@c>", "a..b", "c", "\"a..b\"@c"},
      {"<\" \"@c>", " ", "c", "\" \"@c"},
      {"<a%b@c>", "a%b", "c", "a%b@c"},
      {"<b!a@c>", "b!a", "c", "b!a@c"},
      {"<a@_dmarc.under_score.b>", "a", "_dmarc.under_score.b", "a@_dmarc.under_score.b"},
      {"<a@1.2.3.4>", "a", "1.2.3.4", "a@1.2.3.4"},
      {"<a@x--y.b-c>", "a", "x--y.b-c", "a@x--y.b-c"},
      {"<a@[192.0.2.1]>", "a", "[192.0.2.1]", "a@[192.0.2.1]"},
      {"<a@[IPv6:2001:DB8::1]>", "a", "[IPv6:2001:db8::1]", "a@[IPv6:2001:db8::1]"},
      {"<a@[ipv6:2001:db8:0:0::1]>", "a", "[IPv6:2001:db8::1]", "a@[IPv6:2001:db8::1]"},
      {"<Postmaster>", "Postmaster", "", "Postmaster"},
      {"<POSTMASTER>", "POSTMASTER", "", "POSTMASTER"},
      {"<postmaster@b>", "postmaster", "b", "postmaster@b"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    const auto parsed = parse_forward_path(c.text);
    ASSERT_TRUE(parsed) << parsed.error().text;
    ASSERT_TRUE(parsed->path.mailbox);
    EXPECT_EQ(parsed->path.mailbox->local, c.local);
    EXPECT_EQ(parsed->path.mailbox->domain, c.domain);
    EXPECT_EQ(parsed->path.mailbox->literal, c.domain.starts_with('['));
    EXPECT_EQ(parsed->path.mailbox->to_string(), c.written);
    EXPECT_FALSE(parsed->path.source_route);
    EXPECT_EQ(parsed->rest, "");
  }
}

struct Refused {
  const char* why;
  std::string text;
};

const std::vector<Refused>& never_an_address() {
  static const std::vector<Refused> cases{
      {"nothing", ""},
      {"no brackets", "a@b"},
      {"no closing bracket", "<a@b"},
      {"no opening bracket", "a@b>"},
      {"two brackets", "<<a@b>>"},
      {"blank inside", "< a@b>"},
      {"blank before the end", "<a@b >"},
      {"blanks only", "< >"},
      {"no at", "<a>"},
      {"no local", "<@b>"},
      {"no domain", "<a@>"},
      {"two at signs", "<a@b@c>"},
      {"two at signs in a row", "<a@@b>"},
      {"at sign behind a literal", "<a@[192.0.2.1]@b>"},
      {"at sign behind a quoted local", "<\"a\"@b@c>"},
      {"dot at the front", "<.a@b>"},
      {"dot at the back", "<a.@b>"},
      {"two dots", "<a..b@c>"},
      {"dot alone", "<.@b>"},
      {"trailing dot", "<a@b.>"},
      {"trailing dots", "<a@b..>"},
      {"dot as domain", "<a@.>"},
      {"leading dot in the domain", "<a@.b>"},
      {"empty label", "<a@b..c>"},
      {"hyphen at a label's front", "<a@-b>"},
      {"hyphen at a label's back", "<a@b-.c>"},
      {"comma in the domain", "<a@b,c>"},
      {"slash in the domain", "<a@b/c>"},
      {"percent in the domain", "<a@b%c>"},
      {"comment", "<a(x)@b>"},
      {"comment behind", "<a@b(x)>"},
      {"colon in the local", "<a:b@c>"},
      {"semicolon in the local", "<a;b@c>"},
      {"comma in the local", "<a,b@c>"},
      {"bracket in the local", "<a[b@c>"},
      {"backslash outside quotes", "<a\\b@c>"},
      {"quote in the middle", "<a\"b\"@c>"},
      {"text behind quotes", "<\"a\"b@c>"},
      {"dot behind quotes", "<\"a\".b@c>"},
      {"quote without end", "<\"a@b>"},
      {"escape at the end", "<\"a\\"},
      {"escaped end of quote", "<\"a\\\"@b>"},
      {"empty quotes", "<\"\"@b>"},
      {"quoted without domain", "<\"postmaster\">"},
      {"quoted domain", "<a@\"b\">"},
      {"CR", "<a\r@b>"},
      {"LF", "<a\n@b>"},
      {"CRLF in the domain", "<a@b\r\nRCPT TO:<x@y>>"},
      {"NUL in the local", "<a\0b@c>"s},
      {"NUL in the domain", "<a@b\0c>"s},
      {"NUL in quotes", "<\"a\0b\"@c>"s},
      {"NUL escaped in quotes", "<\"a\\\0b\"@c>"s},
      {"CRLF in quotes", "<\"a\r\nb\"@c>"},
      {"escaped LF in quotes", "<\"a\\\nb\"@c>"},
      {"tab in quotes", "<\"a\tb\"@c>"},
      {"DEL", "<a\x7f@b>"},
      {"DEL in quotes", "<\"a\x7f\"@b>"},
      {"8-bit local", "<\xc3\xa4@b>"},
      {"8-bit in quotes", "<\"\xc3\xa4\"@b>"},
      {"8-bit domain", "<a@b\xc3\xbc>"},
      {"literal without end", "<a@[192.0.2.1>"},
      {"empty literal", "<a@[]>"},
      {"name as literal", "<a@[b]>"},
      {"IPv4 out of range", "<a@[192.0.2.256]>"},
      {"IPv4 with three parts", "<a@[192.0.2]>"},
      {"IPv4 with leading zero", "<a@[192.0.02.1]>"},
      {"IPv4 as one number", "<a@[3221225985]>"},
      {"IPv6 without tag", "<a@[2001:db8::1]>"},
      {"IPv4 with the IPv6 tag", "<a@[IPv6:192.0.2.1]>"},
      {"IPv6 with a zone", "<a@[IPv6:fe80::1%eth0]>"},
      {"IPv6 with two gaps", "<a@[IPv6:1::2::3]>"},
      {"IPv6 tag alone", "<a@[IPv6:]>"},
      {"other tag", "<a@[x400:c=us]>"},
      {"literal with blanks", "<a@[ 192.0.2.1 ]>"},
      {"label behind a literal", "<a@[192.0.2.1].b>"},
      {"junk behind", "<a@b>x"},
      {"parameter without a blank", "<a@b>SIZE=1"},
      {"second path", "<a@b>,<c@d>"},
      {"route without colon", "<@a,@b>"},
      {"route without mailbox", "<@a:>"},
      {"route to postmaster", "<@a:postmaster>"},
      {"route with an empty hop", "<@a,:b@c>"},
      {"route with a hop without at", "<@a,b:c@d>"},
      {"route with a blank", "<@a, @b:c@d>"},
      {"route with a bad hop", "<@a..b:c@d>"},
      {"two routes", "<@a:@b:c@d>"},
      {"route at the end", "<c@d:@a>"},
      {"postmaster and more", "<postmaster.x>"},
  };
  return cases;
}

TEST(Path, RefusesWhatTheGrammarForbidsInBothDirections) {
  for (const auto& c : never_an_address()) {
    SCOPED_TRACE(c.why);
    const auto forward = parse_forward_path(c.text);
    const auto reverse = parse_reverse_path(c.text);
    ASSERT_FALSE(forward);
    ASSERT_FALSE(reverse);
    EXPECT_EQ(forward.error().kind, ErrorKind::invalid);
    EXPECT_FALSE(forward.error().text.empty());
  }
}

TEST(Path, ErrorsRepeatNoByteOfTheInput) {
  for (const auto& c : never_an_address()) {
    for (const char byte : parse_forward_path(c.text).error().text) {
      EXPECT_TRUE(byte >= ' ' && byte <= '~') << c.why;
    }
  }
}

TEST(ReversePath, TakesTheNullPathAndForwardDoesNot) {
  const auto parsed = parse_reverse_path(" <> SIZE=1");
  ASSERT_TRUE(parsed);
  EXPECT_FALSE(parsed->path.mailbox);
  EXPECT_EQ(parsed->rest, "SIZE=1");
  EXPECT_FALSE(parse_forward_path("<>"));
}

TEST(ReversePath, HasNoPostmasterWithoutDomain) {
  EXPECT_FALSE(parse_reverse_path("<postmaster>"));
}

TEST(Path, DropsTheSourceRouteAndSaysSo) {
  for (const auto text : {"<@a:user@c>"sv, "<@a.example,@b.example:user@c>"sv}) {
    const auto parsed = parse_forward_path(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_TRUE(parsed->path.source_route);
    EXPECT_EQ(parsed->path.mailbox->to_string(), "user@c");
  }
  const auto reverse = parse_reverse_path("<@a:user@c>");
  ASSERT_TRUE(reverse);
  EXPECT_TRUE(reverse->path.source_route);
}

TEST(Path, GivesBackWhatFollowsIt) {
  EXPECT_EQ(parse_reverse_path("<a@b> SIZE=1 BODY=7BIT")->rest, "SIZE=1 BODY=7BIT");
  EXPECT_EQ(parse_reverse_path("<a@b>\tSIZE=1  ")->rest, "SIZE=1");
}

TEST(Path, HoldsTheLengthsOfTheRfcToTheByte) {
  const std::string local64(64, 'l');
  const std::string label63(63, 'd');
  EXPECT_TRUE(parse_forward_path("<" + local64 + "@b>"));
  EXPECT_FALSE(parse_forward_path("<" + local64 + "l@b>"));
  EXPECT_TRUE(parse_forward_path("<\"" + std::string(62, ' ') + "\"@b>"));
  EXPECT_FALSE(parse_forward_path("<\"" + std::string(63, ' ') + "\"@b>"));
  EXPECT_TRUE(parse_forward_path("<a@" + label63 + ".b>"));
  EXPECT_FALSE(parse_forward_path("<a@" + label63 + "d.b>"));
  const std::string domain255 =
      label63 + '.' + label63 + '.' + label63 + '.' + std::string(63, 'e');
  ASSERT_EQ(domain255.size(), 255U);
  EXPECT_TRUE(parse_domain(domain255));
  EXPECT_FALSE(parse_domain(domain255 + 'x'));
  EXPECT_FALSE(parse_domain(domain255 + ".x"));
  // The path as a whole: 256 with the brackets.
  const auto domain252 = domain255.substr(0, 252);
  EXPECT_TRUE(parse_forward_path("<a@" + domain252 + ">"));
  EXPECT_FALSE(parse_forward_path("<aa@" + domain252 + ">"));
  EXPECT_FALSE(parse_forward_path("<@" + domain252 + ":a@b>"));
  EXPECT_TRUE(parse_mailbox("a@" + domain252));
  EXPECT_FALSE(parse_mailbox("aa@" + domain252));
}

TEST(Path, TakesUtf8OnlyWhereItIsAllowedAndWellFormed) {
  const auto parsed = parse_forward_path(
      "<j\xc3\xb6rg@b\xc3\xbc"
      "cher.example>",
      true);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->path.mailbox->to_string(),
            "j\xc3\xb6rg@b\xc3\xbc"
            "cher.example");
  EXPECT_TRUE(parse_forward_path("<\"j\xc3\xb6rg x\"@b>", true));
  for (const auto bad :
       {"<\xc3@b>"sv, "<\xff@b>"sv, "<\xc0\xaf@b>"sv, "<\xed\xa0\x80@b>"sv, "<\xc2\x85@b>"sv,
        "<a@\xc3>"sv, "<\"\xc3\"@b>"sv, "<\"\\\xc3\xb6\"@b>"sv, "<\xc3\xb6\n@b>"sv}) {
    EXPECT_FALSE(parse_forward_path(bad, true)) << testing::PrintToString(std::string(bad));
  }
}

TEST(Mailbox, IsTheSameQuotedWithoutNeedAndEscapedWithoutNeed) {
  const auto plain = parse_mailbox("user@x");
  ASSERT_TRUE(plain);
  EXPECT_EQ(parse_mailbox("\"user\"@x").value(), *plain);
  EXPECT_EQ(parse_mailbox("\"u\\s\\e\\r\"@X").value(), *plain);
  EXPECT_EQ(parse_mailbox("\"user\"@x")->to_string(), "user@x");
  EXPECT_NE(parse_mailbox("User@x").value(), *plain);
}

TEST(Mailbox, KnowsWhetherItHidesAnotherAddress) {
  for (const auto text : {"a%b@c"sv, "b!a@c"sv, "\"a@b\"@c"sv, "\"a\\@b\"@c"sv, "\"@a,@b:x\"@c"sv,
                          "a%b%c@d"sv, "\"b!a x\"@c"sv}) {
    EXPECT_TRUE(parse_mailbox(text)->hides_another_address()) << text;
  }
  for (const auto text : {"a@c"sv, "a+b@c"sv, "\"a b\"@c"sv, "a=b@c"sv}) {
    EXPECT_FALSE(parse_mailbox(text)->hides_another_address()) << text;
  }
}

TEST(Mailbox, WritesNoControlByteEvenWhenMadeByHand) {
  const Mailbox mailbox{.local = "a\r\nb", .domain = "c>\r\nRCPT TO:<d@e"};
  EXPECT_EQ(mailbox.to_string(), "\"a??b\"@c???RCPT?TO:?d?e");
}

TEST(Mailbox, ParsesAloneWithoutBracketsOrAnythingBehind) {
  EXPECT_TRUE(parse_mailbox("a@b"));
  for (const auto bad : {"<a@b>"sv, "a@b "sv, " a@b"sv, "a"sv, "postmaster"sv, "a@b@c"sv, ""sv,
                         "a@b>"sv, "a@b\n"sv}) {
    EXPECT_FALSE(parse_mailbox(bad)) << bad;
  }
}

TEST(Domain, IsLowerCasedAndCheckedWhole) {
  EXPECT_EQ(parse_domain("ExAmple.COM").value(), "example.com");
  for (const auto bad : {""sv, "."sv, "a."sv, ".a"sv, "a..b"sv, "a b"sv, "a@b"sv, "[192.0.2.1]"sv,
                         "-a"sv, "a\0b"sv, "*.a"sv}) {
    EXPECT_FALSE(parse_domain(bad)) << bad;
  }
}

TEST(HeloName, TakesWhatRealClientsSend) {
  for (const auto name : {"mail.example.com"sv, "[192.0.2.1]"sv, "[IPv6:::1]"sv, "localhost"sv,
                          "my_pc"sv, "WIN-1234."sv, "a..b"sv, "(none)"sv, "b\xc3\xbcro"sv}) {
    EXPECT_EQ(parse_helo_name(name).value(), name);
  }
  EXPECT_EQ(parse_helo_name("  Mail.Example.COM ").value(), "Mail.Example.COM");
  EXPECT_TRUE(parse_helo_name(std::string(255, 'a')));
}

TEST(HeloName, RefusesEmptinessBlanksControlBytesAndOverLength) {
  for (const auto name : {""sv, "   "sv, "a b"sv, "a\tb"sv, "a\rb"sv, "a\0b"sv, "a\x7f"sv}) {
    EXPECT_FALSE(parse_helo_name(name)) << testing::PrintToString(std::string(name));
  }
  EXPECT_FALSE(parse_helo_name(std::string(256, 'a')));
}

}  // namespace
}  // namespace sekisho::smtp
