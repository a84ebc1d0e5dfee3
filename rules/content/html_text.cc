#include "rules/content/html_text.h"

#include <algorithm>
#include <array>

#include "gateway/base/text.h"
#include "rules/content/html_tokens.h"

namespace sekisho::rules::content {
namespace {

constexpr std::size_t kMaxShown = 1024;  // of a link's text
constexpr std::size_t kMetaWithin = 1024;
// It is put before every relative link.
constexpr std::size_t kLongestBase = 2048;

// What an element puts into the text, at its beginning and its end.
std::string_view blank_of(std::string_view name) {
  static constexpr std::array<std::string_view, 2> kLine{"br", "div"};
  static constexpr std::array<std::string_view, 12> kSpace{"td", "li", "th", "dt", "dd", "h1",
                                                           "h2", "h3", "h4", "h5", "h6", "embed"};
  static constexpr std::array<std::string_view, 8> kParagraph{
      "p", "hr", "blockquote", "pre", "listing", "plaintext", "xmp", "title"};
  if (std::ranges::find(kLine, name) != kLine.end()) return "\n";
  if (std::ranges::find(kSpace, name) != kSpace.end()) return " ";
  if (std::ranges::find(kParagraph, name) != kParagraph.end()) return "\n\n";
  return {};
}

// Attributes that name something to be fetched or opened, in any element that readers heed.
constexpr std::array<std::string_view, 9> kTargets{
    "href", "src", "action", "background", "formaction", "data", "poster", "srcset", "cite"};

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

class Renderer {
 public:
  RenderedHtml render(std::string_view source) {
    out_.text.reserve(source.size() / 2);
    walk(source, true);
    close_link();
    return std::move(out_);
  }

 private:
  void walk(std::string_view source, bool visible) {
    HtmlTokens tokens(source);
    HtmlToken token;
    while (tokens.next(token)) {
      switch (token.kind) {
        case HtmlToken::Kind::text:
          if (!token.raw && visible) take_text(token.text);
          break;
        case HtmlToken::Kind::open:
          if (visible) take_blank(blank_of(token.name));
          take_links(token, visible);
          break;
        case HtmlToken::Kind::close:
          if (visible) take_blank(blank_of(token.name));
          if (visible && token.name == "a") close_link();
          break;
        case HtmlToken::Kind::comment:
          // Outlook shows what stands in <!--[if mso]>: its links count, its text is a copy.
          if (visible && token.text.starts_with("[if ")) walk(token.text, false);
          break;
      }
    }
  }

  void take_text(std::string_view source) {
    decoded_.clear();
    append_html_text(decoded_, source);
    std::string& text = out_.text;
    bool after_blank = after_blank_;  // of an element, or in this text
    for (std::size_t i = 0; i < decoded_.size(); ++i) {
      const char c = decoded_[i];
      const bool wide = c == '\xC2' && i + 1 < decoded_.size() && decoded_[i + 1] == '\xA0';
      if (wide) ++i;
      if (wide || is_blank(c)) {
        if (!after_blank) text += ' ';
        after_blank = true;
      } else {
        text += c;
        after_blank = false;
      }
    }
    if (!decoded_.empty()) after_blank_ = false;
  }

  void take_blank(std::string_view blank) {
    if (blank.empty()) return;
    if (!after_blank_ && out_.text.ends_with(' ')) out_.text.pop_back();
    out_.text += blank;
    after_blank_ = true;
  }

  void take_links(const HtmlToken& tag, bool visible) {
    const bool anchor = tag.name == "a";
    if (anchor && visible) close_link();
    for (const HtmlAttribute& attribute : tag.attributes) {
      const auto* kind = std::ranges::find_if(
          kTargets, [&](std::string_view name) { return iequals(name, attribute.name); });
      if (kind == kTargets.end()) continue;
      std::string target;
      append_html_text(target, attribute.value, true);
      if (*kind == "srcset") {
        take_sources(target);
        continue;
      }
      if (tag.name == "base" && *kind == "href" && out_.base.empty() &&
          target.size() <= kLongestBase)
        out_.base = target;
      out_.links.push_back({.target = std::move(target), .text = {}});
      if (anchor && visible && *kind == "href" && !link_) {
        link_ = out_.links.size() - 1;
        link_begin_ = out_.text.size();
      }
    }
    if (tag.name == "meta") take_refresh(tag);
  }

  // "a.png 1x, b.png 2x"
  void take_sources(std::string_view list) {
    for (const std::string_view one : split(list, ',')) {
      const std::string_view source = trim(one);
      if (!source.empty())
        out_.links.push_back(
            {.target = std::string(source.substr(0, source.find(' '))), .text = {}});
    }
  }

  // <meta http-equiv="refresh" content="0; url=https://…">
  void take_refresh(const HtmlToken& tag) {
    const HtmlAttribute* what = tag.find("http-equiv");
    const HtmlAttribute* content = tag.find("content");
    if (what == nullptr || content == nullptr || !iequals(trim(what->value), "refresh")) return;
    std::string text;
    append_html_text(text, content->value, true);
    const std::size_t at = to_lower(text).find("url=");
    if (at == std::string::npos) return;
    std::string_view target = trim(std::string_view(text).substr(at + 4));
    while (target.starts_with('\'') || target.starts_with('"')) target.remove_prefix(1);
    while (target.ends_with('\'') || target.ends_with('"')) target.remove_suffix(1);
    out_.links.push_back({.target = std::string(target), .text = {}});
  }

  void close_link() {
    if (!link_) return;
    std::string& shown = out_.links[*link_].text;
    const std::size_t begin = std::min(link_begin_, out_.text.size());
    for (const char c : std::string_view(out_.text).substr(begin)) {
      if (shown.size() >= kMaxShown) break;
      if (!is_blank(c)) {
        shown += c;
      } else if (!shown.empty() && !shown.ends_with(' ')) {
        shown += ' ';
      }
    }
    if (shown.ends_with(' ')) shown.pop_back();
    link_.reset();
  }

  RenderedHtml out_;
  std::string decoded_;
  bool after_blank_ = false;  // the last thing was an element's blank
  std::optional<std::size_t> link_;
  std::size_t link_begin_ = 0;
};

}  // namespace

RenderedHtml render_html(std::string_view utf8) { return Renderer().render(utf8); }

std::optional<std::string> meta_charset(std::string_view html) {
  HtmlTokens tokens(html.substr(0, kMetaWithin));
  HtmlToken token;
  while (tokens.next(token)) {
    if (token.kind != HtmlToken::Kind::open || token.name != "meta") continue;
    std::string named;
    if (const auto* charset = token.find("charset")) {
      named = charset->value;
    } else if (const auto* content = token.find("content")) {
      const std::string value = to_lower(content->value);
      const std::size_t at = value.find("charset=");
      if (at == std::string::npos) continue;
      named = value.substr(at + 8);
    }
    named = to_lower(named.substr(0, named.find_first_of(" \t\r\n;\"'")));
    // As browsers take it: what an ASCII text says in ASCII of itself is not true (WHATWG HTML,
    // 13.2.3.2), and believed it would hide all that is said.
    if (named.starts_with("utf-16") || named.starts_with("utf-32") || named.starts_with("utf-7") ||
        named.starts_with("unicode-1-1"))
      return "utf-8";
    if (!named.empty()) return named;
  }
  return std::nullopt;
}

}  // namespace sekisho::rules::content
