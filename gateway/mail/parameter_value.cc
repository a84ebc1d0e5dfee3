#include "gateway/mail/parameter_value.h"

#include <algorithm>
#include <utility>

#include "gateway/base/text.h"

namespace sekisho::mail {
namespace {

constexpr auto kNone = std::string_view::npos;

std::string both_ends(std::string_view value) {
  if (value.size() <= kMaxParameter) return std::string(value);
  std::string ends(value.substr(0, kMaxParameter / 2));
  ends += value.substr(value.size() - kMaxParameter / 2);
  return ends;
}

std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    out += text[i];
  }
  return out;
}

// `text` begins with a quote.
std::vector<std::string> read_quoted(std::string_view text) {
  text.remove_prefix(1);
  std::size_t end = 0;
  while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
  end = std::min(end, text.size());
  const std::string_view inner = text.substr(0, end);

  std::vector<std::string> values;
  add_value(values, unescape(inner));
  if (inner.contains('\\')) {
    add_value(values, inner);                           // "C:\new\evil.exe", escapes not known
    add_value(values, text.substr(0, text.find('"')));  // a quote ends it, escaped or not
  }
  if (inner.contains(';')) add_value(values, inner.substr(0, inner.find(';')));
  if (end + 1 < text.size()) {
    // "evil".exe, "evil" ".exe"
    const std::string_view after = text.substr(end + 1);
    const std::string tail = without(trim(after.substr(0, after.find(';'))), '"');
    if (!tail.empty()) add_value(values, unescape(inner) + tail);
  }
  return values;
}

std::vector<std::string> read_bare(std::string_view text) {
  const std::size_t end = text.find(';');
  const std::string shortened = both_ends(trim(text.substr(0, end)));
  const std::string_view segment = shortened;
  std::vector<std::string> values;
  add_value(values, without_comments(segment));
  add_value(values, segment);
  add_value(values, segment.substr(0, segment.find_first_of(" \t,(")));
  if (segment.contains('"')) add_value(values, without(segment, '"'));
  if (segment.contains('\'')) add_value(values, without(segment, '\''));
  if (segment.contains('\\')) add_value(values, unescape(segment));
  if (end != kNone) {
    // evil;.exe: the text up to the next parameter, when what follows is none.
    const std::string_view next = text.substr(end + 1);
    const std::string_view more = next.substr(0, next.find(';'));
    if (!more.contains('=')) add_value(values, text.substr(0, end + 1 + more.size()));
  }
  return values;
}

}  // namespace

Comments::Comments(std::string_view text) : text_(text) {
  if (!text.contains('(')) return;
  after_.assign(text.size(), kNone);
  std::vector<std::size_t> open;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '(') {
      open.push_back(at);
    } else if (text[at] == ')' && !open.empty()) {
      after_[open.back()] = at + 1;
      open.pop_back();
    }
  }
}

std::size_t Comments::after(std::size_t at) const {
  return at < after_.size() ? after_[at] : kNone;
}

std::size_t Comments::skip_space(std::size_t at) const {
  while (at < text_.size()) {
    if (text_[at] == ' ' || text_[at] == '\t') {
      ++at;
    } else if (after(at) != kNone) {
      at = after(at);
    } else {
      return at;
    }
  }
  return at;
}

std::string without_comments(std::string_view text) {
  const Comments comments(text);
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t after = comments.after(at);
    if (after == kNone) {
      out += text[at++];
    } else {
      at = after;
    }
  }
  return std::string(trim(out));
}

std::string without(std::string_view text, char unwanted) {
  std::string out(text);
  std::erase(out, unwanted);
  return out;
}

void add_value(std::vector<std::string>& values, std::string_view value) {
  add_unique(values, both_ends(value));
}

void add_unique(std::vector<std::string>& values, std::string value) {
  if (std::ranges::find(values, value) == values.end()) values.push_back(std::move(value));
}

std::vector<std::string> read_parameter_value(std::string_view text) {
  return text.starts_with('"') ? read_quoted(text) : read_bare(text);
}

}  // namespace sekisho::mail
