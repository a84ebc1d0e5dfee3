// What is wrong with rule files: collected, sorted by place, printed with the line and a caret. The
// collector is bounded, since a binary file would be wrong in every byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "rules/syntax/source.h"

namespace sekisho::rules {

enum class Severity : std::uint8_t { error, warning };

struct Diagnostic {
  Severity severity = Severity::error;
  Span span;
  std::string message;  // one sentence, no full stop needed
  std::string hint;     // the way out; may be empty
};

class Diagnostics {
 public:
  static constexpr std::size_t kMax = 500;

  void error(Span span, std::string message, std::string hint = {});
  void warning(Span span, std::string message, std::string hint = {});
  [[nodiscard]] bool has_errors() const { return errors_ > 0; }
  [[nodiscard]] std::size_t errors() const { return errors_; }
  [[nodiscard]] std::size_t warnings() const { return warnings_; }
  // By source, then by place. What is said twice of one place is dropped.
  [[nodiscard]] std::vector<Diagnostic> sorted() const;

 private:
  void add(Diagnostic diagnostic);
  std::vector<Diagnostic> all_;
  std::size_t errors_ = 0;
  std::size_t warnings_ = 0;
};

// "file:line:column: error: …", the line, a caret under the place and the hint.
[[nodiscard]] std::string render(const Diagnostic& diagnostic, const Sources& sources);

// "did you mean \"x\"?", or nothing where no candidate is near.
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       const std::vector<std::string_view>& candidates);

}  // namespace sekisho::rules
