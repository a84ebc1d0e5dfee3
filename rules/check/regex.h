// A regular expression as PCRE2 takes it, with what can be said about it before it sees a mail.
// Matching here is bounded by counts, not by a clock, so that a check says the same on every
// machine. Immutable after compile; matching needs own match data, so any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/base/error.h"

// PCRE2's own type, whose header is a macro that regex.cc sets up.
struct pcre2_real_code_8;

namespace sekisho::rules {

inline constexpr std::uint32_t kMatchLimit = 100'000;
inline constexpr std::uint32_t kDepthLimit = 10'000;
inline constexpr std::uint32_t kHeapLimitKib = 20'000;

struct RegexError {
  std::string text;
  std::size_t offset = 0;  // bytes into the pattern
};

enum class MatchResult : std::uint8_t { no_match, match, limit, failed };

class Regex {
 public:
  static constexpr std::size_t kMaxLength = 4096;

  // Flags: i (any case), s (dot takes new lines), m (^ and $ at lines), x (blanks and comments).
  static std::expected<Regex, RegexError> compile(std::string_view pattern, std::string_view flags);

  [[nodiscard]] const std::string& pattern() const { return pattern_; }
  [[nodiscard]] const std::string& flags() const { return flags_; }
  [[nodiscard]] MatchResult match(std::string_view text,
                                  std::uint32_t match_limit = kMatchLimit) const;
  // The length of the first match in `text` is zero.
  [[nodiscard]] bool matches_nothing_in(std::string_view text) const;
  [[nodiscard]] bool has(char flag) const { return flags_.find(flag) != std::string::npos; }
  [[nodiscard]] const pcre2_real_code_8* code() const { return code_.get(); }

 private:
  Regex() = default;
  std::string pattern_;
  std::string flags_;
  std::shared_ptr<const pcre2_real_code_8> code_;
};

}  // namespace sekisho::rules
