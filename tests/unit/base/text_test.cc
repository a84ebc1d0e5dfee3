#include "gateway/base/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sekisho {
namespace {

using namespace std::string_view_literals;
using testing::ElementsAre;

TEST(Text, FoldsAsciiOnly) {
  EXPECT_EQ(to_lower("AbC-Ä[@"), "abc-Ä[@");
  EXPECT_EQ(to_upper("aBc-ä{`"), "ABC-ä{`");
  EXPECT_TRUE(iequals("StartTLS", "STARTTLS"));
  EXPECT_FALSE(iequals("STARTTLS", "STARTTL"));
  EXPECT_FALSE(iequals("[", "{"));
  EXPECT_TRUE(istarts_with("mail from:<>", "MAIL FROM:"));
  EXPECT_FALSE(istarts_with("MAI", "MAIL"));
}

TEST(Text, TrimsBlanksAndTabsButNoLineEnds) {
  EXPECT_EQ(trim(" \ta b\t "), "a b");
  EXPECT_EQ(trim(" \t "), "");
  EXPECT_EQ(trim("a\r\n"), "a\r\n");
}

TEST(Text, SplitsKeepingEmptyParts) {
  EXPECT_THAT(split("a,,b,", ','), ElementsAre("a", "", "b", ""));
  EXPECT_THAT(split("", ','), ElementsAre(""));
}

TEST(Text, ReadsDecimalNumbersStrictly) {
  EXPECT_EQ(parse_uint("0"), 0U);
  EXPECT_EQ(parse_uint("18446744073709551615"), UINT64_MAX);
  for (const auto bad : {""sv, "18446744073709551616"sv, "+1"sv, "-1"sv, " 1"sv, "1 "sv, "0x1"sv,
                         "1e3"sv, "1\0"sv}) {
    EXPECT_EQ(parse_uint(bad), std::nullopt) << bad;
  }
}

TEST(Base64, EncodesTheVectorsOfRfc4648AndDecodesThemBack) {
  const std::pair<std::string_view, std::string_view> vectors[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
      {"\0user\0pass"sv, "AHVzZXIAcGFzcw=="},
      {"\xff\xfe\xfd"sv, "//79"},
  };
  for (const auto& [plain, coded] : vectors) {
    EXPECT_EQ(base64_encode(plain), coded);
    EXPECT_EQ(base64_decode(coded), plain);
  }
}

TEST(Base64, RefusesEveryTextThatIsNotTheOneEncoding) {
  for (const auto bad :
       {"Z"sv,        "Zg"sv,   "Zg="sv,  "Zg==="sv, "Zg===="sv,  "===="sv,     "="sv,
        "Z==="sv,     "Zh=="sv, "Zm9="sv, "Zg== "sv, " Zg=="sv,   "Zm9v\r\n"sv, "Zm\n9v"sv,
        "Zg==Zg=="sv, "Zm9-"sv, "Zm9_"sv, "Zm9\0"sv, "Zm9\xc3"sv, "Z=g="sv,     "*"sv}) {
    EXPECT_EQ(base64_decode(bad), std::nullopt) << bad;
  }
}

TEST(Base64, TakesEveryByteThereAndBack) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    bytes += static_cast<char>(i);
    ASSERT_EQ(base64_decode(base64_encode(bytes)), bytes);
  }
}

TEST(Closest, FindsWhatWasProbablyMeant) {
  const std::vector<std::string_view> keys{"address", "timeout", "max_recipients", "port", "tls"};
  EXPECT_EQ(closest("adress", keys), "address");
  EXPECT_EQ(closest("tiemout", keys), "timeout");
  EXPECT_EQ(closest("TIMEOUT", keys), "timeout");
  EXPECT_EQ(closest("max-recipient", keys), "max_recipients");
  EXPECT_EQ(closest("ports", keys), "port");
  EXPECT_EQ(closest("tsl", keys), "tls");
}

TEST(Closest, StaysSilentWhenNothingIsNear) {
  const std::vector<std::string_view> keys{"address", "port", "a"};
  EXPECT_EQ(closest("listener", keys), std::nullopt);
  EXPECT_EQ(closest("host", keys), std::nullopt);
  EXPECT_EQ(closest("b", keys), std::nullopt);
  EXPECT_EQ(closest("", keys), std::nullopt);
  EXPECT_EQ(closest(std::string(100'000, 'a'), keys), std::nullopt);
  EXPECT_EQ(closest("port", {}), std::nullopt);
}

}  // namespace
}  // namespace sekisho
