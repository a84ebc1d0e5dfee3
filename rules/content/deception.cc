#include "rules/content/deception.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <ranges>
#include <string>

#include <idn2.h>
#include <libpsl.h>
#include <unicode/unistr.h>
#include <unicode/uspoof.h>

#include "gateway/base/idna.h"
#include "gateway/base/text.h"

namespace sekisho::rules::content {
namespace {

constexpr std::size_t kLongestName = 1024;  // in UTF-8; as A-labels 253

std::optional<std::string> to_a_labels(std::string_view name) {
  if (name.empty() || name.size() > kLongestName) return std::nullopt;
  const auto form = to_idna(name);
  return form ? std::optional(to_lower(*form)) : std::nullopt;
}

// "example.co.uk" of "www.example.co.uk"; none for what is no name under a suffix that the list
// has, as "notes.txt".
std::optional<std::string> organisation(std::string_view name) {
  const auto ascii = to_a_labels(name);
  if (!ascii) return std::nullopt;
  const auto* list = psl_builtin();
  const auto dot = ascii->rfind('.');
  if (list == nullptr || dot == std::string::npos ||
      psl_is_public_suffix2(list, ascii->c_str() + dot + 1, PSL_TYPE_ANY | PSL_TYPE_NO_STAR_RULE) ==
          0) {
    return std::nullopt;
  }
  const char* found = psl_registrable_domain(list, ascii->c_str());
  if (found == nullptr) return std::nullopt;
  return found;
}

// Without a name of its own, the real one is a bare address.
bool is_other(std::string_view shown, std::string_view real) {
  const auto one = organisation(shown);
  if (real.empty()) return one.has_value();
  const auto other = organisation(real);
  return one && other && *one != *other;
}

bool starts_with_word(std::string_view text, std::string_view word) {
  return text.size() >= word.size() && iequals(text.substr(0, word.size()), word);
}

// The host of a link as people see it: what stands before a path, a port and the like.
std::string_view host_of(std::string_view token) {
  if (const auto scheme = token.find("://"); scheme != std::string_view::npos) {
    token.remove_prefix(scheme + 3);
  }
  token = token.substr(0, token.find_first_of("/?#:"));
  while (!token.empty() && std::string_view(".,;!)>\"'").contains(token.back())) {
    token.remove_suffix(1);
  }
  return token;
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// The first word for which `wanted` is true.
template <typename Wanted>
std::string_view first_word(std::string_view text, Wanted wanted) {
  while (!(text = trimmed(text)).empty()) {
    const auto end = std::ranges::find_if(text, is_blank) - text.begin();
    const auto word = text.substr(0, static_cast<std::size_t>(end));
    if (wanted(word)) return word;
    text.remove_prefix(word.size());
  }
  return {};
}

bool is_link(std::string_view word) {
  return starts_with_word(word, "http://") || starts_with_word(word, "https://") ||
         starts_with_word(word, "www.");
}

const USpoofChecker* checker() {
  static const USpoofChecker* const made = [] {
    UErrorCode status = U_ZERO_ERROR;
    auto* checker = uspoof_open(&status);
    uspoof_setRestrictionLevel(checker, USPOOF_HIGHLY_RESTRICTIVE);
    uspoof_setChecks(checker, USPOOF_RESTRICTION_LEVEL | USPOOF_INVISIBLE | USPOOF_MIXED_NUMBERS,
                     &status);
    return U_SUCCESS(status) != 0 ? checker : nullptr;
  }();
  return made;
}

bool is_ascii(const icu::UnicodeString& text) {
  for (int32_t i = 0; i < text.length(); ++i) {
    if (text.charAt(i) > 0x7f) return false;
  }
  return true;
}

// `label` is an A-label.
bool is_lookalike_label(const std::string& label, bool foreign_top) {
  char* out = nullptr;
  if (idn2_to_unicode_8z8z(label.c_str(), &out, 0) != IDN2_OK) return true;  // no honest label
  const std::unique_ptr<char, void (*)(void*)> owned(out, idn2_free);
  const auto text = icu::UnicodeString::fromUTF8(owned.get());
  if (is_ascii(text) || checker() == nullptr) return false;
  UErrorCode status = U_ZERO_ERROR;
  const auto problems = uspoof_checkUnicodeString(checker(), text, nullptr, &status);
  if (U_FAILURE(status) != 0 || problems != 0) return true;
  if (foreign_top) return false;
  icu::UnicodeString skeleton;
  uspoof_getSkeletonUnicodeString(checker(), 0, text, skeleton, &status);
  return U_SUCCESS(status) != 0 && is_ascii(skeleton);
}

}  // namespace

bool is_misleading_link(std::string_view shown, std::string_view target) {
  auto word = first_word(shown, is_link);
  if (word.empty()) {
    word = trimmed(shown);
    if (std::ranges::any_of(word, is_blank) || word.contains('@')) return false;
  }
  return is_other(host_of(word), target);
}

bool is_misleading_name(std::string_view name, std::string_view domain) {
  if (domain.empty()) return false;
  const auto misleads = [&](std::string_view word) {
    const auto at = word.rfind('@');
    return at != std::string_view::npos && is_other(host_of(word.substr(at + 1)), domain);
  };
  return !first_word(name, misleads).empty();
}

bool is_lookalike(std::string_view domain) {
  const auto top = domain.substr(domain.rfind('.') + 1);
  const bool foreign_top = top.starts_with("xn--");
  for (const auto part : std::views::split(domain, '.')) {
    const std::string label(part.begin(), part.end());
    if (label.starts_with("xn--") && is_lookalike_label(label, foreign_top)) return true;
  }
  return false;
}

}  // namespace sekisho::rules::content
