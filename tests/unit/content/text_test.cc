// What a reader sees of HTML and plain text, and what is found in it: links, cards, accounts.
#include <gtest/gtest.h>

#include "rules/content/html_text.h"
#include "rules/content/links.h"
#include "rules/content/numbers.h"
#include "rules/content/paragraphs.h"
#include "rules/content/texts.h"

namespace sekisho::rules::content {
namespace {

using std::literals::operator""s;

std::string shown(std::string_view html) {
  std::vector<std::string> lines;
  append_paragraphs(lines, render_html(html).text);
  return visible_text(lines);
}

TEST(HtmlText, BreaksWhereElementsBreakLines) {
  EXPECT_EQ(shown("<p>One<br>two</p><p>three</p>"), "One two\nthree");
  EXPECT_EQ(shown("<div>One</div><div>two</div>"), "One\ntwo");
  EXPECT_EQ(shown("<table><tr><td>a</td><td>b</td></tr></table>"), "a b");
  EXPECT_EQ(shown("<ul><li>a<li>b</ul><h1>c</h1>d"), "a b c d");
  EXPECT_EQ(shown("a<hr>b"), "a\nb");
}

TEST(HtmlText, IsWhatBrowsersShow) {
  EXPECT_EQ(shown("in<b></b>voi<i>ce</i>"), "invoice");
  EXPECT_EQ(shown("in<!-- x -->voice"), "invoice");
  EXPECT_EQ(shown("a<!-->b<!--->c"), "abc");
  EXPECT_EQ(shown("a<!-- b --!>c"), "ac");
  EXPECT_EQ(shown("a <?php b ?>c</ d>e<!x>f"), "a cef");
  EXPECT_EQ(shown("1 < 2 <3 &amp; x<y"), "1 < 2 <3 & x");
  EXPECT_EQ(shown("<script>alert('</p>')</script>a<style>p{}</style>b"), "ab");
  EXPECT_EQ(shown("<title><script></title>seen"), "<script>\nseen");
  EXPECT_EQ(shown("<a title='>' href=x>y</a>"), "y");
  EXPECT_EQ(shown("<a title=\"unclosed>y</a>"), "");
  EXPECT_EQ(shown("<span style=\"display:none\">hidden</span> too"), "hidden too");
}

TEST(HtmlText, ADrawingHidesNothingBehindItsStyle) {
  EXPECT_EQ(shown("<svg><style></svg>visible <a href='http://evil.example/'>x</a>"), "visible x");
  EXPECT_EQ(render_html("<svg><style></svg><a href='http://evil.example/'>x</a>").links.size(), 1U);
}

TEST(HtmlText, OldNamesCountWithoutTheirSemicolon) {
  EXPECT_EQ(shown("vi&shyagra"), "viagra");
  EXPECT_EQ(shown("&notit &eacuteo"), "\xC2\xACit \xC3\xA9o");
  EXPECT_EQ(render_html("<a href='http://x.example/?a=1&copy=2&copyx'>y</a>").links.at(0).target,
            "http://x.example/?a=1&copy=2&copyx");
}

TEST(HtmlText, TakesNoBaseThatIsLongerThanAnyLink) {
  EXPECT_TRUE(
      render_html("<base href='http://x.example/" + std::string(5000, 'a') + "'>").base.empty());
}

TEST(HtmlText, IsNotOfACharsetThatItsOwnLettersDisprove) {
  EXPECT_EQ(meta_charset("<meta charset=utf-16>"), "utf-8");
  EXPECT_EQ(meta_charset("<meta charset=UTF-7>"), "utf-8");
}

TEST(HtmlText, DecodesCharacterReferences) {
  EXPECT_EQ(shown("&eacute;&#233;&#xE9;&#XE9"), "ééé\xC3\xA9");
  EXPECT_EQ(shown("a&nbsp;b&colon;&sol;&commat;&period;"), "a b:/@.");
  EXPECT_EQ(shown("&#128;&unknown;&&#;&#x;"), "€&unknown;&&#;&#x;");
  EXPECT_EQ(shown("&#0;&#xD800;&#1114112;"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(HtmlText, LosesCharactersThatTakeNoRoom) {
  EXPECT_EQ(shown("in&#8203;voi&shy;ce \xE2\x80\x8Dx"), "invoice x");
}

TEST(HtmlText, GivesLinksWithWhatTheyShow) {
  const auto html = render_html(
      "<base href='https://example.com/a/'><a href='b?x=1&amp;y=2'> The <b>bank</b>\n login </a>"
      "<img src=//cdn.example/x.png><form action=https://f.example></form>"
      "<!--[if mso]><a href=\"https://o.example\">o</a><![endif]-->");
  const std::vector<HtmlLink> expected{{"https://example.com/a/", ""},
                                       {"b?x=1&y=2", "The bank login"},
                                       {"//cdn.example/x.png", ""},
                                       {"https://f.example", ""},
                                       {"https://o.example", ""}};
  EXPECT_EQ(html.links, expected);
  EXPECT_EQ(html.base, "https://example.com/a/");
}

TEST(HtmlText, TakesAnyNestingInLinearTime) {
  std::string deep;
  for (int i = 0; i < 200'000; ++i) deep += "<div><a href=x><!--";
  EXPECT_LE(render_html(deep).text.size(), deep.size());
  EXPECT_EQ(shown(std::string(300'000, '<')), std::string(300'000, '<'));
  std::string quotes;
  for (int i = 0; i < 100'000; ++i) quotes += "<a b=\"";
  EXPECT_LE(render_html(quotes).text.size(), quotes.size());
}

TEST(Paragraphs, EndAtEmptyLines) {
  std::vector<std::string> lines;
  append_paragraphs(lines, "One\r\ntwo \r\n\r\n three\n\n\nfour\ffive\n");
  EXPECT_EQ(lines, (std::vector<std::string>{"One two ", " three", "four", "five "}));
  EXPECT_EQ(visible_text(lines), "One two\nthree\nfour\nfive");
}

TEST(Paragraphs, AreCutForBodyRulesAtABlank) {
  const std::string word(1000, 'x');
  const auto lines = body_lines("Hello", {word + " " + word + " " + word});
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0], "Hello");
  EXPECT_EQ(lines[1], word + " " + word + " ");
  EXPECT_EQ(lines[2], word);
}

TEST(Charset, IsWhatIsNamedOrWhatTheBytesAre) {
  EXPECT_EQ(text_as_utf8("caf\xE9", "iso-8859-1"), "café");
  EXPECT_EQ(text_as_utf8("café", "us-ascii"), "café");
  EXPECT_EQ(text_as_utf8("caf\xE9", ""), "café");
  // Ours say what both kinds of reader see.
  EXPECT_TRUE(text_as_utf8("\xFF\xFEpassword", "iso-8859-1").contains("password"));
  EXPECT_EQ(text_as_utf8("\xFF\xFE"s + "a\0b\0"s, "utf-8"), "ab");
  EXPECT_EQ(text_as_utf8("\xEF\xBB\xBFx", "koi8-r"), "x");
}

std::string canonical(std::string_view written, std::string_view base = {}) {
  const auto url = canonical_url(written, base);
  return url ? url->url : "none";
}

TEST(Links, HaveOneFormWhateverTheirSpelling) {
  EXPECT_EQ(canonical("HTTP://WWW.Example.COM:80/a/./b/../%63%2f?Q#F"),
            "http://www.example.com/a/c%2F?Q#F");
  EXPECT_EQ(canonical("https:\\\\evil.example\\x"), "https://evil.example/x");
  EXPECT_EQ(canonical("https:evil.example"), "https://evil.example/");
  EXPECT_EQ(canonical(" ht\ntps://ex\tample.com. "), "https://example.com/");
  EXPECT_EQ(canonical("https://b%C3%BCcher.example"), "https://xn--bcher-kva.example/");
  EXPECT_EQ(canonical("https://bücher。example"), "https://xn--bcher-kva.example/");
  EXPECT_EQ(canonical("//host.example/x"), "http://host.example/x");
  EXPECT_EQ(canonical("www.example.com/x"), "http://www.example.com/x");
  EXPECT_EQ(canonical("#top"), "none");
  EXPECT_EQ(canonical("page.html"), "none");
  EXPECT_EQ(canonical("page.html", "https://example.com/a/b"), "https://example.com/a/page.html");
  EXPECT_EQ(canonical("/x", "https://example.com/a/b"), "https://example.com/x");
  EXPECT_EQ(canonical("cid:part1@x"), "none");
  EXPECT_EQ(canonical("data:text/html;base64,PGI+"), "data:text/html;base64");
}

TEST(Links, HaveTheHostBehindTheUser) {
  const auto url = canonical_url("https://bank.example@evil.example/login", {});
  ASSERT_TRUE(url);
  EXPECT_EQ(url->domain, "evil.example");
  EXPECT_EQ(url->path, "/login");
}

TEST(Links, HaveNoDomainWhereTheHostIsAnAddress) {
  for (const auto* written : {"http://127.0.0.1/", "http://0x7f.1/", "http://2130706433/",
                              "http://017700000001", "http://0177.0.0.1"}) {
    const auto url = canonical_url(written, {});
    ASSERT_TRUE(url);
    EXPECT_EQ(url->url, "http://127.0.0.1/");
    EXPECT_EQ(url->domain, std::nullopt);
  }
  EXPECT_EQ(canonical_url("http://[2001:DB8::1]:8080/", {})->url, "http://[2001:db8::1]:8080/");
}

TEST(Links, OfMailHaveTheDomainOfTheAddress) {
  const auto url = canonical_url("mailto:Info%40Example.com?subject=x", {});
  ASSERT_TRUE(url);
  EXPECT_EQ(url->path, "Info@Example.com");
  EXPECT_EQ(url->domain, "example.com");
}

TEST(Links, AreFoundInPlainText) {
  const auto links = links_in_text(
      "See https://example.com/a_(b), (http://x.example/). www.y.example! Seehttp://z.example\n"
      "<ftp://f.example> mailto:a@b.example 12:30 a.www.b http:");
  const std::vector<std::string_view> expected{
      "https://example.com/a_(b)", "http://x.example/", "www.y.example",
      "http://z.example",          "ftp://f.example",   "mailto:a@b.example"};
  EXPECT_EQ(std::vector<std::string_view>(links.begin(), links.begin() + 6), expected);
}

std::vector<std::string> cards(std::string_view text) {
  std::vector<std::string> found;
  find_cards(text, found);
  return found;
}

TEST(CardNumbers, AreFoundByChecksumLengthAndIssuer) {
  for (const auto* number : {"4111111111111111", "4222222222222", "5555555555554444",
                             "2223003122003222", "378282246310005", "6011111111111117",
                             "30569309025904", "3530111333300000", "6200000000000005"}) {
    EXPECT_EQ(cards(number), std::vector<std::string>{number}) << number;
  }
  EXPECT_EQ(cards("4111 1111 1111 1111"), std::vector<std::string>{"4111111111111111"});
  EXPECT_EQ(cards("card:4111-1111-1111-1111."), std::vector<std::string>{"4111111111111111"});
  EXPECT_EQ(cards("3782 822463 10005"), std::vector<std::string>{"378282246310005"});
  EXPECT_EQ(cards("12 4111 1111 1111 1111 12"), std::vector<std::string>{"4111111111111111"});
  EXPECT_EQ(cards("卡4111111111111111"), std::vector<std::string>{"4111111111111111"});
}

TEST(CardNumbers, AreNotOtherNumbers) {
  for (const auto* text :
       {"4111111111111112", "04111111111111111", "41111111111111110", "1234567812345670",
        "x4111111111111111", "4111111111111111a", "1234-4111-1111-1111-1111",
        "4111-1111-1111-1111-1234", "0.4111111111111111", "+4111111111111111",
        "41 11 11 11 11 11 11 11", "4111  1111 1111 1111", "0000000000000000"}) {
    EXPECT_TRUE(cards(text).empty()) << text;
  }
}

TEST(CardNumbers, AreToldOnceAndMasked) {
  EXPECT_EQ(cards("4111111111111111 4111 1111 1111 1111").size(), 1U);
  EXPECT_EQ(masked_card("4111111111111111"), "************1111");
  EXPECT_EQ(masked_iban("DE89370400440532013000"), "DE****************3000");
}

std::vector<std::string> ibans(std::string_view text) {
  std::vector<std::string> found;
  find_ibans(text, found);
  return found;
}

TEST(Ibans, AreFoundByChecksumAndLength) {
  for (const auto* iban : {"DE89370400440532013000", "GB29NWBK60161331926819",
                           "FR1420041010050500013M02606", "NO9386011117947"}) {
    EXPECT_EQ(ibans(iban), std::vector<std::string>{iban}) << iban;
  }
  EXPECT_EQ(ibans("IBAN: de89 3704 0044 0532 0130 00."),
            std::vector<std::string>{"DE89370400440532013000"});
  for (const auto* text :
       {"DE88370400440532013000", "DE8937040044053201300", "XDE89370400440532013000",
        "DE893704004405320130001", "ZZ89370400440532013000"}) {
    EXPECT_TRUE(ibans(text).empty()) << text;
  }
}

}  // namespace
}  // namespace sekisho::rules::content
