// HTML as a reader sees it: text, with the blanks and line ends of the elements where SpamAssassin
// puts them too, and the links with what they show. Hidden text stays in: who hides it has a
// reason. Linear, without a tree. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sekisho::rules::content {

struct HtmlLink {
  std::string target;  // as it is written, character references decoded
  std::string text;    // what is shown, in one line; of images and the like: nothing
  bool operator==(const HtmlLink&) const = default;
};

struct RenderedHtml {
  std::string text;  // UTF-8; an empty line between paragraphs
  std::vector<HtmlLink> links;
  std::string base;  // of <base href>; empty: none
};

[[nodiscard]] RenderedHtml render_html(std::string_view utf8);

// The charset that <meta> names in the first bytes, lower case.
[[nodiscard]] std::optional<std::string> meta_charset(std::string_view html);

}  // namespace sekisho::rules::content
