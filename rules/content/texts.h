// The text parts of a message: what a reader sees of them, their HTML, their source, their links.
// Pure, linear.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/error.h"
#include "gateway/mail/mime_view.h"
#include "rules/content/findings.h"
#include "rules/content/plan.h"

namespace sekisho::rules::content {

struct Texts {
  bool has_text = false;
  bool has_html = false;
  std::string text;                // paragraphs.h: visible_text()
  std::string html;                // the HTML parts in UTF-8, otherwise as they are
  std::string source;              // all text parts, transfer-decoded, in their charset
  std::vector<std::string> lines;  // the paragraphs that `text` is made of: for body_lines()
  std::vector<Url> urls;           // each once
};

// ErrorKind::limit: more links than kMaxUrls.
[[nodiscard]] Result<Texts> texts_of(const mail::MimeView& view, std::string_view message,
                                     const Plan& plan);

// As UTF-8: by the charset that is named, or by what the bytes look like.
[[nodiscard]] std::string text_as_utf8(std::string_view bytes, std::string_view charset);

}  // namespace sekisho::rules::content
