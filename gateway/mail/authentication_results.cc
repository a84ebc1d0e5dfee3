#include "gateway/mail/authentication_results.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "gateway/base/text.h"
#include "gateway/mail/encoded_words.h"
#include "gateway/mail/headers.h"
#include "gateway/mail/parameter_value.h"

namespace sekisho::mail {
namespace {

constexpr std::size_t kMaxItems = 100;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_visible(char c) { return c > ' ' && c < 127; }
// RFC 2045 section 5.1.
bool is_token_char(char c) {
  return is_visible(c) && !std::string_view("()<>@,;:\\\"/[]?=").contains(c);
}
bool is_keyword_char(char c) { return is_alnum(c) || c == '-' || c == '_'; }

std::string with_quotes_where_needed(std::string value) {
  const bool token = !value.empty() && std::ranges::all_of(value, is_token_char);
  const auto at = value.find('@');
  // An address, or "@domain" as in header.i, may stand as it is.
  const bool address = at != std::string::npos && at + 1 < value.size() &&
                       std::ranges::all_of(value.substr(0, at), is_token_char) &&
                       std::ranges::all_of(value.substr(at + 1), is_token_char);
  return token || address ? value : '"' + value + '"';
}

std::string keyword(std::string_view text) {
  std::string out = to_lower(text.empty() ? "unknown" : text);
  std::ranges::replace_if(out, [](char c) { return !is_keyword_char(c); }, '-');
  return out;
}

std::string property_value(std::string_view value) {
  std::string out(value);
  const auto misleads = [](char c) {
    return !is_visible(c) || std::string_view(";\"\\()<>,").contains(c);
  };
  std::ranges::replace_if(out, misleads, '?');
  return with_quotes_where_needed(std::move(out));
}

std::string reason_value(std::string_view reason) {
  std::string out(reason);
  const auto misleads = [](char c) {
    return (!is_visible(c) && c != ' ') || std::string_view(";\"\\()<>,=").contains(c);
  };
  std::ranges::replace_if(out, misleads, '?');
  return '"' + out + '"';
}

auto bad(std::string_view why) { return fail(ErrorKind::invalid, std::string(why)); }

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text), comments_(text) {}

  std::optional<std::string> take_authserv_id() {
    skip();
    return take_value();
  }
  Result<AuthenticationResults> parse();

 private:
  Result<MethodResult> take_result();
  std::optional<ResultProperty> take_property();
  std::optional<std::string> take_keyword();
  std::optional<std::string> take_value();
  std::optional<std::string> take_property_value();
  std::optional<std::string> take_quoted();
  std::string take_word(std::string_view ends);
  // Comments and blanks, those of folding included.
  void skip() {
    for (at_ = comments_.skip_space(at_); !at_end() && is_blank(text_[at_]);) {
      at_ = comments_.skip_space(at_ + 1);
    }
  }
  [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }
  [[nodiscard]] bool at(char c) const { return !at_end() && text_[at_] == c; }
  bool take(char c) {
    skip();
    if (!at(c)) return false;
    ++at_;
    return true;
  }

  std::string_view text_;
  Comments comments_;
  std::size_t at_ = 0;
};

std::string Parser::take_word(std::string_view ends) {
  const std::size_t begin = at_;
  while (!at_end() && is_visible(text_[at_]) && !ends.contains(text_[at_])) ++at_;
  return std::string(text_.substr(begin, at_ - begin));
}

std::optional<std::string> Parser::take_keyword() {
  skip();
  const std::size_t begin = at_;
  while (!at_end() && is_keyword_char(text_[at_])) ++at_;
  if (at_ == begin) return std::nullopt;
  return to_lower(text_.substr(begin, at_ - begin));
}

// Folding within it becomes the blank that it stands for.
std::optional<std::string> Parser::take_quoted() {
  std::string out;
  for (++at_; !at_end(); ++at_) {
    char c = text_[at_];
    if (c == '"') {
      ++at_;
      return out;
    }
    if (c == '\r' || c == '\n') continue;
    if (c == '\\' && at_ + 1 < text_.size()) c = text_[++at_];
    out += c;
  }
  return std::nullopt;
}

std::optional<std::string> Parser::take_value() {
  if (at('"')) return take_quoted();
  std::string word = take_word(";\"()=");
  if (word.empty()) return std::nullopt;
  return word;
}

std::optional<std::string> Parser::take_property_value() {
  skip();
  if (!at('"')) {
    std::string word = take_word(";\"()");
    if (word.empty()) return std::nullopt;
    return word;
  }
  auto value = take_quoted();
  // "a local part"@example.com
  if (value && at('@')) *value += take_word(";\"()");
  return value;
}

std::optional<ResultProperty> Parser::take_property() {
  ResultProperty property;
  auto type = take_keyword();
  if (!type || !take('.')) return std::nullopt;
  auto name = take_keyword();
  if (!name || !take('=')) return std::nullopt;
  auto value = take_property_value();
  if (!value) return std::nullopt;
  return ResultProperty{std::move(*type), std::move(*name), std::move(*value)};
}

Result<MethodResult> Parser::take_result() {
  MethodResult found;
  auto method = take_keyword();
  if (!method) return bad("no method where one is expected");
  found.method = std::move(*method);
  if (take('/') && !take_keyword()) return bad("no version of a method behind its slash");
  if (!take('=')) return bad("a method without its result");
  auto result = take_keyword();
  if (!result) return bad("a method without its result");
  found.result = std::move(*result);
  for (skip(); !at_end() && !at(';'); skip()) {
    const std::size_t begin = at_;
    const auto word = take_keyword();
    if (word == "reason" && found.properties.empty() && found.reason.empty() && take('=')) {
      skip();
      auto reason = take_value();
      if (!reason) return bad("a reason without words");
      found.reason = std::move(*reason);
      continue;
    }
    at_ = begin;
    auto property = take_property();
    if (!property) return bad("what stands behind a result is neither reason nor property");
    if (found.properties.size() == kMaxItems) return bad("too many properties");
    found.properties.push_back(std::move(*property));
  }
  return found;
}

Result<AuthenticationResults> Parser::parse() {
  AuthenticationResults out;
  auto id = take_authserv_id();
  if (!id || id->empty()) return bad("no authserv-id");
  out.authserv_id = std::move(*id);
  skip();
  if (!at_end() && !at(';')) {
    const auto version = take_keyword();
    if (!version || !parse_uint(*version)) return bad("what stands behind the id is no version");
    if (*version != "1") return bad("another version than 1");
  }
  bool none = false;
  bool any = false;
  while (take(';')) {
    any = true;
    skip();
    if (at_end() && !out.results.empty()) break;  // a semicolon too many, often seen
    if (none) return bad("a result behind \"none\"");
    const std::size_t begin = at_;
    if (out.results.empty() && take_keyword() == "none") {
      skip();
      if (at_end() || at(';')) {
        none = true;
        continue;
      }
    }
    at_ = begin;
    auto result = take_result();
    if (!result) return std::unexpected(std::move(result.error()));
    if (out.results.size() == kMaxItems) return bad("too many results");
    out.results.push_back(std::move(*result));
  }
  skip();
  if (!at_end()) return bad("text behind the last result");
  if (!any) return bad("no result");
  return out;
}

// Does the id stand among the words of `text`?
bool has_word(std::string_view text, std::string_view id) {
  const auto is_word_char = [&](char c) {
    return is_alnum(c) || static_cast<unsigned char>(c) >= 128 || id.contains(c) ||
           std::string_view("-_.").contains(c);
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!is_word_char(text[at])) continue;
    const std::size_t begin = at;
    while (at < text.size() && is_word_char(text[at])) ++at;
    std::string_view word = text.substr(begin, at - begin);
    while (word.ends_with('.') && !id.ends_with('.')) word.remove_suffix(1);
    if (iequals(word, id)) return true;
  }
  return false;
}

bool head_has_word(std::string_view text, std::string_view id) {
  std::string head(text.substr(0, text.find(';')));
  std::erase_if(head, [](char c) { return c == '"' || c == '\\'; });
  if (has_word(head, id)) return true;
  std::erase_if(head, is_blank);
  return has_word(head, id);
}

}  // namespace

std::string to_field_value(const AuthenticationResults& results) {
  std::string out = with_quotes_where_needed([&] {
    std::string id(results.authserv_id.empty() ? "unknown" : results.authserv_id);
    const auto misleads = [](char c) {
      return !is_visible(c) || std::string_view(";\"\\()").contains(c);
    };
    std::ranges::replace_if(id, misleads, '?');
    return id;
  }());
  if (results.results.empty()) return out + "; none";
  for (const MethodResult& result : results.results) {
    out += "; " + keyword(result.method) + '=' + keyword(result.result);
    if (!result.reason.empty()) out += " reason=" + reason_value(result.reason);
    for (const ResultProperty& property : result.properties) {
      if (property.value.empty()) continue;  // the grammar knows no such value
      out += ' ' + keyword(property.type) + '.' + keyword(property.name) + '=' +
             property_value(property.value);
    }
  }
  return out;
}

Result<AuthenticationResults> parse_authentication_results(std::string_view value) {
  return Parser(value).parse();
}

bool claims_authserv_id(std::string_view value, std::string_view authserv_id) {
  Parser parser(value);
  const auto id = parser.take_authserv_id();
  if (id && iequals(*id, authserv_id)) return true;
  // An id that can't be read: no reader can be trusted to stop at the semicolon that we see.
  if (!id) return has_word(decode_encoded_words(Headers::unfold(value)), authserv_id);
  if (head_has_word(value, authserv_id)) return true;
  if (head_has_word(without_comments(value), authserv_id)) return true;
  return head_has_word(decode_encoded_words(Headers::unfold(value)), authserv_id);
}

}  // namespace sekisho::mail
