#define PCRE2_CODE_UNIT_WIDTH 8
#include "rules/check/regex.h"

#include <array>
#include <memory>

#include <pcre2.h>

namespace sekisho::rules {
namespace {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* what) const {
    Free(what);
  }
};
using MatchData = std::unique_ptr<pcre2_match_data, Freer<pcre2_match_data_free>>;
using MatchContext = std::unique_ptr<pcre2_match_context, Freer<pcre2_match_context_free>>;

int run(const pcre2_code* code, std::string_view text, std::uint32_t limit,
        pcre2_match_data* data) {
  const MatchContext context(pcre2_match_context_create(nullptr));
  if (!context || data == nullptr) return PCRE2_ERROR_NOMEMORY;
  pcre2_set_match_limit(context.get(), limit);
  pcre2_set_depth_limit(context.get(), kDepthLimit);
  pcre2_set_heap_limit(context.get(), kHeapLimitKib);
  return pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0, 0, data,
                     context.get());
}

}  // namespace

std::expected<Regex, RegexError> Regex::compile(std::string_view pattern, std::string_view flags) {
  if (pattern.size() > kMaxLength) {
    return std::unexpected(RegexError{"a pattern has at most 4096 bytes", kMaxLength});
  }
  // Nothing that leaves the bounds: no callouts into us, no \C, no verbs that set limits or modes.
  std::uint32_t options = PCRE2_NEVER_BACKSLASH_C | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP;
  Regex regex;
  for (const char flag : flags) {
    switch (flag) {
      case 'i':
        options |= PCRE2_CASELESS;
        break;
      case 's':
        options |= PCRE2_DOTALL;
        break;
      case 'm':
        options |= PCRE2_MULTILINE;
        break;
      case 'x':
        options |= PCRE2_EXTENDED;
        break;
      default:
        return std::unexpected(RegexError{
            std::string("\"") + flag + "\" is no flag of a pattern; there are i, m, s, x",
            pattern.size()});
    }
  }
  if (const auto verb = pattern.find("(*"); verb == 0) {
    return std::unexpected(RegexError{"a pattern may not change its engine with (*…)", 0});
  }
  if (const auto callout = pattern.find("(?C"); callout != std::string_view::npos) {
    return std::unexpected(RegexError{"there are no callouts", callout});
  }
  int error = 0;
  PCRE2_SIZE offset = 0;
  auto* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), options,
                             &error, &offset, nullptr);
  if (code == nullptr) {
    std::array<PCRE2_UCHAR, 256> text{};
    pcre2_get_error_message(error, text.data(), text.size());
    return std::unexpected(RegexError{reinterpret_cast<const char*>(text.data()), offset});
  }
  regex.code_ = std::shared_ptr<const pcre2_code>(
      code, [](const pcre2_code* held) { pcre2_code_free(const_cast<pcre2_code*>(held)); });
  regex.pattern_ = pattern;
  regex.flags_ = flags;
  return regex;
}

MatchResult Regex::match(std::string_view text, std::uint32_t match_limit) const {
  const MatchData data(pcre2_match_data_create(1, nullptr));
  const int result = run(code_.get(), text, match_limit, data.get());
  if (result >= 0) return MatchResult::match;
  if (result == PCRE2_ERROR_NOMATCH) return MatchResult::no_match;
  const bool limit = result == PCRE2_ERROR_MATCHLIMIT || result == PCRE2_ERROR_DEPTHLIMIT ||
                     result == PCRE2_ERROR_HEAPLIMIT;
  return limit ? MatchResult::limit : MatchResult::failed;
}

bool Regex::matches_nothing_in(std::string_view text) const {
  const MatchData data(pcre2_match_data_create(1, nullptr));
  if (run(code_.get(), text, kMatchLimit, data.get()) < 0) return false;
  const auto* found = pcre2_get_ovector_pointer(data.get());
  return found[0] == found[1];
}

}  // namespace sekisho::rules
