#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "gateway/base/log.h"
#include "gateway/base/secret.h"

namespace sekisho {
namespace {

using namespace std::string_view_literals;
using testing::HasSubstr;

constexpr std::string_view kTime = "2026-11-24T06:41:16.123Z";
const Endpoint kPeer{IpAddress::v4({192, 0, 2, 1}), 4711};

std::string logfmt(const LogLine& line) { return line.render(LogFormat::logfmt, kTime); }
nlohmann::json json(const LogLine& line) {
  return nlohmann::json::parse(line.render(LogFormat::json, kTime));
}

template <class T>
concept Loggable = requires(LogLine line, const T& value) { line.add("key", value); };
static_assert(!Loggable<Secret>);

TEST(LogLine, BeginsWithTimeEventAndPeer) {
  EXPECT_EQ(logfmt(LogLine("message").add("code", 250).src(kPeer)),
            "2026-11-24T06:41:16.123Z message src=[192.0.2.1]:4711 code=250");
  const Endpoint six{IpAddress::parse("2001:db8::1").value(), 25};
  EXPECT_EQ(logfmt(LogLine("connect").src(Endpoint{})),
            "2026-11-24T06:41:16.123Z connect src=unix");
  EXPECT_EQ(logfmt(LogLine("connect").src(six)),
            "2026-11-24T06:41:16.123Z connect src=[2001:db8::1]:25");
  EXPECT_EQ(LogLine("start").render(LogFormat::logfmt, ""), "start");
}

TEST(LogLine, ShowsTheLevelAfterThePeerAndOnlyWhenItMatters) {
  EXPECT_EQ(logfmt(LogLine("x", LogLevel::warning).src(kPeer).add("a", 1)),
            "2026-11-24T06:41:16.123Z x src=[192.0.2.1]:4711 level=warning a=1");
  EXPECT_THAT(logfmt(LogLine("x", LogLevel::error)), HasSubstr("x level=error"));
  EXPECT_THAT(logfmt(LogLine("x", LogLevel::debug)), Not(HasSubstr("level")));
}

TEST(LogLine, QuotesValuesThatCantStandAlone) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"plain", "v=plain"},
      {"<a@b.example>", "v=<a@b.example>"},
      {"", "v=\"\""},
      {"two words", "v=\"two words\""},
      {"a=b", "v=\"a=b\""},
      {"q\"q", R"(v="q\"q")"},
      {"back\\", R"(v="back\\")"},
      {"x\r\nFAKE", R"(v="x\r\nFAKE")"},
      {"é", "v=\"é\""},
      {"\xff", R"(v="\xff")"},
  };
  for (const auto& [value, shown] : cases) {
    EXPECT_EQ(logfmt(LogLine("e").add("v", value)),
              std::string(kTime) + " e " + std::string(shown));
  }
}

TEST(LogLine, TakesAStringLiteralForAStringAndABoolForABool) {
  EXPECT_THAT(logfmt(LogLine("e").add("a", "text").add("b", true).add("c", std::string("s"))),
              HasSubstr("e a=text b=true c=s"));
}

TEST(LogLine, PrintsNumbersAndMilliseconds) {
  using namespace std::chrono_literals;
  EXPECT_THAT(logfmt(LogLine("e").add("n", -5).add("u", UINT64_MAX).add_ms("ms", 1250us)),
              HasSubstr("e n=-5 u=18446744073709551615 ms=1.25"));
}

TEST(LogLine, NeverLetsAnEventOrKeyBreakTheLine) {
  EXPECT_EQ(logfmt(LogLine("a\nb c").add("k=\"\n", "v")), std::string(kTime) + " a_b_c k___=v");
}

TEST(LogLine, CutsLongValuesInBothFormats) {
  const std::string huge(1'000'000, 'x');
  EXPECT_LT(logfmt(LogLine("e").add("v", huge)).size(), 600U);
  EXPECT_LT(LogLine("e").add("v", huge).render(LogFormat::json, kTime).size(), 600U);
  EXPECT_GT(logfmt(LogLine("e").add("v", huge, 4096)).size(), 4000U);
  const std::string exact(LogLine::kMaxValueBytes, 'x');
  EXPECT_THAT(logfmt(LogLine("e").add("v", exact)), HasSubstr("v=" + exact));
}

TEST(LogLine, WritesJsonThatHoldsTheSameBytes) {
  const auto object = json(LogLine("message", LogLevel::warning)
                               .src(kPeer)
                               .add("text", "a\"b\\c\r\n\x1b é\xe2\x80\xae")
                               .add("code", 250)
                               .add("tls", true));
  EXPECT_EQ(object["time"], kTime);
  EXPECT_EQ(object["event"], "message");
  EXPECT_EQ(object["src"], "[192.0.2.1]:4711");
  EXPECT_EQ(object["level"], "warning");
  EXPECT_EQ(object["text"], "a\"b\\c\r\n\x1b é\xe2\x80\xae");
  EXPECT_EQ(object["code"], 250);
  EXPECT_EQ(object["tls"], true);
}

TEST(LogLine, WritesJsonInAsciiAloneWhateverTheBytes) {
  for (const auto bytes : {"\xff\xfe"sv, "\xe2\x80\xa8\xc2\x9b"sv, "\xed\xa0\x80"sv, "\0\x1b\x7f"sv,
                           "\xf0\x9f\x99\x82"sv, "\xe2\x82"sv}) {
    const auto line = LogLine("e").add("v", bytes).render(LogFormat::json, kTime);
    EXPECT_TRUE(std::ranges::all_of(line, [](char c) { return c >= ' ' && c < '\x7f'; })) << line;
    EXPECT_NO_THROW(json(LogLine("e").add("v", bytes)));
  }
}

TEST(LogLine, CutsJsonBetweenCharacters) {
  std::string text;
  while (text.size() < 2000) text += "€";
  for (std::size_t max = 500; max < 512; ++max) {
    const auto value = json(LogLine("e").add("v", text, max))["v"].get<std::string>();
    EXPECT_EQ(value.find("\xef\xbf\xbd"), std::string::npos) << max;  // no replacement character
    EXPECT_TRUE(value.ends_with("€…"));
  }
}

}  // namespace
}  // namespace sekisho
