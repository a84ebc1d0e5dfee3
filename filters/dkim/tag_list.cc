#include "filters/dkim/tag_list.h"

#include <algorithm>

#include "gateway/base/text.h"
#include "gateway/base/utf8.h"

namespace sekisho::dkim {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// Without the folding white space around it. Each CRLF in it must be one that folds.
std::string_view strip(std::string_view text) {
  const auto begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

// FWS = [*WSP CRLF] 1*WSP: every line end is CRLF and goes on with a blank.
bool is_folded_well(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') return false;
    if (text[i] != '\r') continue;
    if (i + 2 >= text.size() || text[i + 1] != '\n' || !is_blank(text[i + 2])) return false;
    i += 2;
  }
  return true;
}

bool is_tag_name(std::string_view name) {
  return !name.empty() && is_alpha(name[0]) &&
         std::ranges::all_of(name, [](char c) { return is_alnum(c) || c == '_'; });
}

bool is_tag_value(std::string_view value) {
  const bool visible = std::ranges::all_of(value, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte > 32 && byte != 127) || kBlanks.contains(c);
  });
  return visible && is_utf8(value);
}

}  // namespace

Result<TagList> TagList::parse(std::string_view text) {
  if (text.size() > kMaxBytes) return fail(ErrorKind::limit, "the tag list is too long");
  // A field's value ends with its line: what folds there has nothing behind it.
  if (text.ends_with("\r\n")) text.remove_suffix(2);
  if (!is_folded_well(text)) return fail(ErrorKind::invalid, "a line in the tag list isn't folded");
  TagList list;
  while (true) {
    const std::size_t end = text.find(';');
    const std::string_view spec = text.substr(0, end);
    const std::size_t equals = spec.find('=');
    if (equals == std::string_view::npos) {
      // A semicolon may stand behind the last tag.
      const bool last = end == std::string_view::npos && !list.tags_.empty();
      if (last && strip(spec).empty()) return list;
      return fail(ErrorKind::invalid, "a tag has no \"=\"");
    }
    const Tag tag{.name = strip(spec.substr(0, equals)), .value = strip(spec.substr(equals + 1))};
    if (!is_tag_name(tag.name)) return fail(ErrorKind::invalid, "a tag has no proper name");
    if (!is_tag_value(tag.value))
      return fail(ErrorKind::invalid, "a tag's value holds a byte that may not be there");
    if (list.find(tag.name)) return fail(ErrorKind::invalid, "a tag is there twice");
    if (list.tags_.size() == kMaxTags) return fail(ErrorKind::limit, "there are too many tags");
    list.tags_.push_back(tag);
    if (end == std::string_view::npos) return list;
    text.remove_prefix(end + 1);
  }
}

std::optional<std::string_view> TagList::find(std::string_view name) const {
  for (const Tag& tag : tags_)
    if (tag.name == name) return tag.value;
  return std::nullopt;
}

std::string_view TagList::value_or(std::string_view name, std::string_view fallback) const {
  return find(name).value_or(fallback);
}

std::string without_blanks(std::string_view value) {
  std::string out(value);
  std::erase_if(out, [](char c) { return kBlanks.contains(c); });
  return out;
}

std::vector<std::string_view> words_of_list(std::string_view value) {
  std::vector<std::string_view> words;
  for (const std::string_view word : split(value, ':')) words.push_back(strip(word));
  return words;
}

std::optional<std::string> decode_base64_value(std::string_view value) {
  return base64_decode(without_blanks(value));
}

std::optional<std::uint64_t> decimal_value(std::string_view value) {
  return value.size() > 12 ? std::nullopt : parse_uint(value);
}

std::optional<ValueRange> range_of_value(std::string_view text, std::string_view name) {
  std::size_t at = 0;
  while (at <= text.size()) {
    const std::size_t end = std::min(text.find(';', at), text.size());
    const std::size_t equals = text.find('=', at);
    if (equals < end && strip(text.substr(at, equals - at)) == name)
      return ValueRange{.begin = equals + 1, .end = end};
    at = end + 1;
  }
  return std::nullopt;
}

}  // namespace sekisho::dkim
