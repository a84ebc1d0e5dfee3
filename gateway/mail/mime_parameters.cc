#include "gateway/mail/mime_parameters.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "gateway/base/text.h"
#include "gateway/mail/charset.h"
#include "gateway/mail/parameter_value.h"
#include "gateway/mail/transfer_decoding.h"

namespace sekisho::mail {
namespace {

constexpr auto kNone = std::string_view::npos;

// One occurrence of the attribute in the field.
struct Occurrence {
  std::optional<std::uint64_t> section;  // name*3: 3
  bool extended = false;                 // name*, name*3*
  std::vector<std::string> values;       // the readings of what follows the '='
};

bool is_word(char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; }

// Wherever the attribute stands as a word with '=' after it: after a semicolon as it should, or
// anywhere else, since readers that search for "filename=" find it there.
std::vector<Occurrence> find_occurrences(std::string_view text, std::string_view attribute,
                                         bool& overflow) {
  std::vector<Occurrence> found;
  const Comments comments(text);
  for (std::size_t i = 0; i + attribute.size() < text.size(); ++i) {
    if (ascii_lower(text[i]) != attribute[0] || !istarts_with(text.substr(i), attribute)) continue;
    if (i > 0 && is_word(text[i - 1])) continue;
    Occurrence occurrence;
    std::size_t at = comments.skip_space(i + attribute.size());
    if (at < text.size() && text[at] == '*') {
      std::size_t digits = ++at;
      while (digits < text.size() && is_digit(text[digits])) ++digits;
      if (digits == at) {
        occurrence.extended = true;
      } else {
        occurrence.section = parse_uint(text.substr(at, digits - at)).value_or(UINT64_MAX);
        at = digits;
        if (at < text.size() && text[at] == '*') {
          occurrence.extended = true;
          ++at;
        }
      }
      at = comments.skip_space(at);
    }
    if (at >= text.size() || text[at] != '=') continue;
    if (found.size() == kMaxOccurrences) {
      overflow = true;
      break;
    }
    const std::string_view value = text.substr(comments.skip_space(at + 1));
    occurrence.values = read_parameter_value(value);
    found.push_back(std::move(occurrence));
  }
  return found;
}

// charset'language'text (RFC 2231 section 4); without the quotes all of it is text.
struct Extended {
  std::string_view charset;
  std::string_view text;
};

Extended split_extended(std::string_view value) {
  const std::size_t first = value.find('\'');
  const std::size_t second = first == kNone ? kNone : value.find('\'', first + 1);
  if (second == kNone) return {.charset = {}, .text = value};
  return {.charset = value.substr(0, first), .text = value.substr(second + 1)};
}

std::string in_utf8(const std::string& bytes, std::string_view charset) {
  return to_utf8(bytes, charset).value_or(bytes);
}

// The sections joined, in the ways that readers join them.
void read_continuations(const std::vector<const Occurrence*>& sections,
                        std::vector<std::string>& values) {
  enum class Decode : std::uint8_t { as_marked, all, none };
  const auto join = [&](const std::vector<const Occurrence*>& order, Decode decode) {
    std::string bytes;
    std::string_view charset;
    bool first = true;
    for (const Occurrence* section : order) {
      std::string_view text = section->values.front();
      if (first && section->extended && decode != Decode::none) {
        charset = split_extended(text).charset;
        text = split_extended(text).text;
      }
      first = false;
      bytes += decode == Decode::as_marked && section->extended ? percent_decode(text)
                                                                : std::string(text);
      if (bytes.size() > kMaxOccurrences * kMaxParameter) break;
    }
    // A percent sequence may be cut in two by a section's end.
    if (decode == Decode::all) bytes = percent_decode(bytes);
    add_value(values, in_utf8(bytes, charset));
  };

  auto sorted = sections;
  // They lie in one vector, so the address is the order of appearance.
  std::ranges::sort(sorted, {},
                    [](const Occurrence* o) { return std::pair(o->section.value_or(0), o); });
  auto firsts = sorted;  // of sections given twice, the first one
  const auto repeats =
      std::ranges::unique(firsts, {}, [](const Occurrence* o) { return o->section.value_or(0); });
  firsts.erase(repeats.begin(), repeats.end());
  std::vector<const Occurrence*> lasts;
  for (const Occurrence* section : sorted) {
    if (!lasts.empty() && lasts.back()->section == section->section) lasts.pop_back();
    lasts.push_back(section);
  }
  std::vector<const Occurrence*> unbroken;  // up to the first number that is missing
  for (const Occurrence* section : firsts) {
    if (section->section.value_or(0) == unbroken.size()) unbroken.push_back(section);
  }

  for (const auto& order : {unbroken, firsts, lasts, sorted, sections}) {
    for (const Decode decode : {Decode::as_marked, Decode::all, Decode::none}) {
      if (!order.empty()) join(order, decode);
    }
  }
}

}  // namespace

std::string percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
        hex_value(text[i + 2]) >= 0) {
      out += static_cast<char>(
          static_cast<unsigned char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2])));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string read_token(std::string_view field_value) {
  const std::string text = without_comments(field_value);
  const std::size_t end = std::min(text.find_first_of(" \t;,="), text.size());
  if (end < text.size() && text[end] == '=') return {};  // a parameter stands in its place
  return to_lower(without(text.substr(0, end), '"'));
}

std::string read_media_type(std::string_view field_value) {
  const std::string text = without_comments(field_value);
  const auto token_end = [&](std::size_t at) {
    return std::min(text.find_first_of(" \t;,/\"", at), text.size());
  };
  std::size_t start = std::min(text.find_first_not_of(" \t"), text.size());
  if (start < text.size() && text[start] == '"') ++start;
  const std::size_t end = token_end(start);
  std::string type = to_lower(std::string_view(text).substr(start, end - start));
  const std::size_t slash = text.find_first_not_of(" \t", end);
  if (type.empty() || slash >= text.size() || text[slash] != '/') return type;
  const std::size_t sub = std::min(text.find_first_not_of(" \t", slash + 1), text.size());
  return type + "/" + to_lower(std::string_view(text).substr(sub, token_end(sub) - sub));
}

ParameterReadings read_parameter(std::string_view field_value, std::string_view attribute) {
  ParameterReadings readings;
  const auto found = find_occurrences(field_value, attribute, readings.overflow);
  std::vector<const Occurrence*> sections;
  for (const Occurrence& occurrence : found) {
    if (occurrence.section) {
      sections.push_back(&occurrence);
      continue;
    }
    for (const std::string& value : occurrence.values) {
      if (occurrence.extended) {
        const auto [charset, text] = split_extended(value);
        add_unique(readings.values, in_utf8(percent_decode(text), charset));
        add_unique(readings.values, percent_decode(value));
      }
      add_unique(readings.values, value);
    }
  }
  read_continuations(sections, readings.values);
  return readings;
}

}  // namespace sekisho::mail
