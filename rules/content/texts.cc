#include "rules/content/texts.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "gateway/base/text.h"
#include "gateway/base/utf8.h"
#include "gateway/mail/charset.h"
#include "rules/content/html_text.h"
#include "rules/content/links.h"
#include "rules/content/paragraphs.h"
#include "rules/content/parts.h"

namespace sekisho::rules::content {
namespace {

bool is_html(std::string_view type) {
  return type == "text/html" || type == "application/xhtml+xml" || type == "text/x-html";
}

// A plain text that some readers show as HTML, since it begins like it.
bool begins_as_html(std::string_view text) {
  const std::size_t at = text.substr(0, 24).find('<');
  if (at == std::string_view::npos) return false;
  const std::string word = to_lower(text.substr(at + 1, 6));
  for (const std::string_view tag : {"body", "head", "html", "img", "pre", "table", "title"}) {
    const std::string_view rest = std::string_view(word).substr(std::min(tag.size(), word.size()));
    const bool ends = rest.empty() || rest[0] == '>' || rest[0] == ' ' || rest[0] == '\r' ||
                      rest[0] == '\n' || rest[0] == '\t';
    if (word.starts_with(tag) && ends) return true;
  }
  return false;
}

class TextMaker {
 public:
  TextMaker(const mail::MimeView& view, std::string_view message, const Plan& plan)
      : view_(view), message_(message), plan_(plan) {}

  Result<Texts> make() {
    for (const mail::MimePart& part : view_.parts) {
      const bool html = is_html(part.type);
      if (!html && part.type.contains('/') && !part.type.starts_with("text/")) continue;
      const std::string_view bytes = body_of(part, view_, message_);
      // One body under several names is one text; but shown as HTML and as it stands it is two.
      if (!seen_.insert({bytes.data(), bytes.size(), html}).second) continue;
      if (auto taken = take(part, bytes, html); !taken) return std::unexpected(taken.error());
    }
    if (wants_text()) texts_.text = visible_text(texts_.lines);
    return std::move(texts_);
  }

 private:
  [[nodiscard]] bool wants_text() const {
    return plan_.wants(Want::text) || plan_.wants(Want::cards) || plan_.wants(Want::ibans);
  }

  Result<void> take(const mail::MimePart& part, std::string_view bytes, bool html) {
    texts_.has_text = true;
    texts_.has_html = texts_.has_html || html;
    if (plan_.wants(Want::source)) append(texts_.source, bytes);
    const bool urls = plan_.wants(Want::urls);
    if (!wants_text() && !urls && !(html && plan_.wants(Want::html))) return {};

    std::string charset = part.charset;
    if (html && charset.empty()) charset = meta_charset(bytes).value_or(std::string());
    const std::string decoded = text_as_utf8(bytes, charset);
    if (html && plan_.wants(Want::html)) append(texts_.html, decoded);
    if (!html) {
      if (auto taken = take_rendered(decoded); !taken) return taken;
      if (!begins_as_html(decoded)) return {};
    }
    const RenderedHtml rendered = render_html(decoded);
    if (urls) {
      for (const HtmlLink& link : rendered.links) {
        if (auto taken = take_link(link.target, rendered.base, link.text); !taken) return taken;
      }
    }
    return take_rendered(rendered.text);
  }

  Result<void> take_rendered(std::string_view text) {
    if (wants_text()) append_paragraphs(texts_.lines, text);
    if (!plan_.wants(Want::urls)) return {};
    for (const std::string_view link : links_in_text(text)) {
      if (auto taken = take_link(link, {}, link); !taken) return taken;
    }
    return {};
  }

  Result<void> take_link(std::string_view target, std::string_view base, std::string_view shown) {
    // Those that lead nowhere or were there before cost time too.
    if (++links_ > 10 * kMaxUrls) return too_many_links();
    auto url = canonical_url(target, base);
    if (!url) return {};
    url->text = shown;
    if (!known_.insert({url->url, url->text}).second) return {};
    if (texts_.urls.size() >= kMaxUrls) return too_many_links();
    texts_.urls.push_back(std::move(*url));
    return {};
  }

  static std::unexpected<Error> too_many_links() {
    return fail(ErrorKind::limit, "more than " + std::to_string(kMaxUrls) + " links");
  }

  static void append(std::string& into, std::string_view more) {
    if (!into.empty() && !into.ends_with('\n')) into += '\n';
    into += more;
  }

  const mail::MimeView& view_;
  std::string_view message_;
  const Plan& plan_;
  Texts texts_;
  std::size_t links_ = 0;
  std::set<std::tuple<const char*, std::size_t, bool>> seen_;
  std::set<std::pair<std::string, std::string>> known_;
};

// Where a mark at the beginning says another charset than the header, some readers believe the one
// and some the other.
std::string both_readings(std::string_view bytes, std::string_view marked,
                          std::string_view charset) {
  std::string text = mail::to_utf8(bytes, marked).value_or(std::string(bytes));
  if (charset.empty() || charset.starts_with("utf-16") || bytes.contains('\0')) return text;
  return text + "\n\n" + text_as_utf8(bytes, charset);
}

}  // namespace

std::string text_as_utf8(std::string_view bytes, std::string_view charset) {
  if (bytes.starts_with("\xEF\xBB\xBF")) {
    bytes.remove_prefix(3);
    charset = "utf-8";
  } else if (bytes.starts_with("\xFF\xFE") && !charset.starts_with("utf-32")) {
    return both_readings(bytes.substr(2), "utf-16le", charset);
  } else if (bytes.starts_with("\xFE\xFF")) {
    return both_readings(bytes.substr(2), "utf-16be", charset);
  }
  const bool shifts = charset.starts_with("utf-7") || charset.starts_with("unicode-1-1") ||
                      charset.starts_with("utf-16") || charset.starts_with("utf-32") ||
                      charset.starts_with("iso-2022");
  const bool ascii =
      std::ranges::all_of(bytes, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (ascii && !shifts) return std::string(bytes);
  // Western names are what programs write that know no better.
  const bool says_nothing = charset.empty() || charset == "us-ascii" || charset == "ascii" ||
                            charset == "iso-8859-1" || charset == "latin1" ||
                            charset == "windows-1252" || charset == "utf-8" || charset == "utf8";
  if (says_nothing && is_utf8(bytes)) return std::string(bytes);
  if (auto text = mail::to_utf8(bytes, charset)) return std::move(*text);
  if (is_utf8(bytes)) return std::string(bytes);
  return mail::to_utf8(bytes, "windows-1252").value_or(std::string(bytes));
}

Result<Texts> texts_of(const mail::MimeView& view, std::string_view message, const Plan& plan) {
  return TextMaker(view, message, plan).make();
}

}  // namespace sekisho::rules::content
