#include "rules/content/html_tokens.h"

#include <algorithm>
#include <array>

#include "gateway/base/text.h"

namespace sekisho::rules::content {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }

// Elements whose content is text, whatever it looks like.
bool is_raw(std::string_view name) {
  static constexpr std::array<std::string_view, 8> kRaw{"script", "style",  "title",   "textarea",
                                                        "xmp",    "iframe", "noembed", "noframes"};
  return std::ranges::find(kRaw, name) != kRaw.end();
}

}  // namespace

const HtmlAttribute* HtmlToken::find(std::string_view attribute) const {
  const auto found = std::ranges::find_if(
      attributes, [&](const HtmlAttribute& one) { return iequals(one.name, attribute); });
  return found == attributes.end() ? nullptr : &*found;
}

bool HtmlTokens::next(HtmlToken& token) {
  token.raw = false;
  if (!raw_.empty()) {
    take_raw_text(token);
    if (!token.text.empty()) return true;
  }
  if (at_ >= source_.size()) return false;
  if (source_[at_] == '<' && take_markup(token)) return true;
  // Text goes on to the next < that begins something.
  const std::size_t begin = at_;
  do {
    at_ = std::min(source_.find('<', at_ + 1), source_.size());
    if (at_ + 1 >= source_.size()) {
      at_ = source_.size();
      break;
    }
    const char next = source_[at_ + 1];
    if (is_alpha(next) || next == '/' || next == '!' || next == '?') break;
  } while (true);
  token.kind = HtmlToken::Kind::text;
  token.text = source_.substr(begin, at_ - begin);
  return true;
}

// What begins with the < at hand; false: it is text.
bool HtmlTokens::take_markup(HtmlToken& token) {
  const std::string_view rest = source_.substr(at_);
  if (rest.size() < 2) return false;
  if (is_alpha(rest[1]) || (rest[1] == '/' && rest.size() > 2 && is_alpha(rest[2]))) {
    take_tag(token);
    return true;
  }
  if (rest.starts_with("<!--")) {
    // <!--> and <!---> are whole comments.
    if (rest.substr(4).starts_with(">") || rest.substr(4).starts_with("->")) {
      token.kind = HtmlToken::Kind::comment;
      token.text = {};
      at_ += rest[4] == '>' ? 5 : 6;
      return true;
    }
    take_comment(token, at_ + 4, "--");
    return true;
  }
  if (rest[1] == '!' || rest[1] == '?' || rest[1] == '/') {
    take_comment(token, at_ + 2, ">");
    return true;
  }
  return false;
}

// `end`: ">", or "--" for what ends with --> or --!>. A comment without end takes all the rest.
void HtmlTokens::take_comment(HtmlToken& token, std::size_t begin, std::string_view end) {
  token.kind = HtmlToken::Kind::comment;
  for (std::size_t found = source_.find(end, begin); found != std::string_view::npos;
       found = source_.find(end, found + 1)) {
    const std::string_view tail = source_.substr(found + end.size());
    const std::size_t more = end == ">" || tail.starts_with(">") ? 0 : 1;
    if (end != ">" && !tail.starts_with(">") && !tail.starts_with("!>")) continue;
    token.text = source_.substr(begin, found - begin);
    at_ = found + end.size() + more + (end == ">" ? 0 : 1);
    return;
  }
  token.text = source_.substr(std::min(begin, source_.size()));
  at_ = source_.size();
}

void HtmlTokens::take_tag(HtmlToken& token) {
  ++at_;
  token.kind = source_[at_] == '/' ? HtmlToken::Kind::close : HtmlToken::Kind::open;
  if (token.kind == HtmlToken::Kind::close) ++at_;
  token.text = {};
  token.attributes.clear();
  token.name.clear();
  while (at_ < source_.size() && !is_blank(source_[at_]) && source_[at_] != '/' &&
         source_[at_] != '>') {
    token.name += ascii_lower(source_[at_++]);
  }
  while (true) {
    skip_blanks();
    if (at_ >= source_.size()) break;
    if (source_[at_] == '>') {
      ++at_;
      break;
    }
    if (source_[at_] == '/') {
      ++at_;
    } else {
      take_attribute(token);
    }
  }
  // In a drawing or a formula these are elements like others.
  if (token.name == "svg" || token.name == "math") {
    foreign_ = token.kind == HtmlToken::Kind::open ? foreign_ + 1 : std::max(foreign_ - 1, 0);
  }
  if (token.kind == HtmlToken::Kind::open && foreign_ == 0 && is_raw(token.name)) raw_ = token.name;
}

void HtmlTokens::take_attribute(HtmlToken& token) {
  const std::size_t begin = at_++;  // a = here is part of the name
  while (at_ < source_.size() && !is_blank(source_[at_]) && source_[at_] != '/' &&
         source_[at_] != '>' && source_[at_] != '=') {
    ++at_;
  }
  HtmlAttribute attribute{.name = source_.substr(begin, at_ - begin), .value = {}};
  skip_blanks();
  if (at_ < source_.size() && source_[at_] == '=') {
    ++at_;
    skip_blanks();
    const char quote = at_ < source_.size() ? source_[at_] : '\0';
    if (quote == '"' || quote == '\'') {
      const std::size_t end = std::min(source_.find(quote, at_ + 1), source_.size());
      attribute.value = source_.substr(at_ + 1, end - at_ - 1);
      at_ = std::min(end + 1, source_.size());
    } else {
      const std::size_t start = at_;
      while (at_ < source_.size() && !is_blank(source_[at_]) && source_[at_] != '>') ++at_;
      attribute.value = source_.substr(start, at_ - start);
    }
  }
  token.attributes.push_back(attribute);
}

// Up to the tag that closes the element; to the end where there is none.
void HtmlTokens::take_raw_text(HtmlToken& token) {
  token.kind = HtmlToken::Kind::text;
  token.raw = raw_ == "script" || raw_ == "style";
  std::size_t end = at_;
  while (true) {
    end = source_.find("</", end);
    if (end == std::string_view::npos) {
      end = source_.size();
      break;
    }
    const std::string_view name = source_.substr(end + 2, raw_.size());
    const std::size_t after = end + 2 + raw_.size();
    if (iequals(name, raw_) && (after >= source_.size() || is_blank(source_[after]) ||
                                source_[after] == '/' || source_[after] == '>')) {
      break;
    }
    end += 2;
  }
  token.text = source_.substr(at_, end - at_);
  at_ = end;
  raw_.clear();
}

void HtmlTokens::skip_blanks() {
  while (at_ < source_.size() && is_blank(source_[at_])) ++at_;
}

}  // namespace sekisho::rules::content
