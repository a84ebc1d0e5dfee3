// HtmlTokens: HTML cut into text and tags as browsers cut it (WHATWG HTML, section 13.2.5), without
// a tree: mail is shown whatever its nesting is. Linear; views into the source, which must outlive
// it. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sekisho::rules::content {

struct HtmlAttribute {
  std::string_view name;   // as written
  std::string_view value;  // without quotes, its character references as they stand
};

struct HtmlToken {
  enum class Kind : std::uint8_t { text, open, close, comment };
  Kind kind = Kind::text;
  std::string_view text;  // of text (character references as they stand) and comments
  std::string name;       // of a tag, in lower case
  std::vector<HtmlAttribute> attributes;
  bool raw = false;  // text of a script or style

  // The first of that name (in lower case); null: not there.
  [[nodiscard]] const HtmlAttribute* find(std::string_view attribute) const;
};

class HtmlTokens {
 public:
  explicit HtmlTokens(std::string_view source) : source_(source) {}
  // False at the end. The token is used again, so that no memory is asked for.
  bool next(HtmlToken& token);

 private:
  bool take_markup(HtmlToken& token);
  void take_tag(HtmlToken& token);
  void take_attribute(HtmlToken& token);
  void take_comment(HtmlToken& token, std::size_t begin, std::string_view end);
  void take_raw_text(HtmlToken& token);
  void skip_blanks();

  std::string_view source_;
  std::size_t at_ = 0;
  int foreign_ = 0;  // svg and math that are open
  std::string raw_;  // the element whose text holds no tags, until it is closed
};

// Appends the text with its character references decoded: &amp; &#233; &#xE9; to UTF-8.
// In text some old names count without their ; even before a letter (&shyhidden), in the value of
// an attribute they don't (?a=1&copy=2).
void append_html_text(std::string& out, std::string_view text, bool in_attribute = false);

}  // namespace sekisho::rules::content
