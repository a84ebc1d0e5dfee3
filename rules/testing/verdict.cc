#include "rules/testing/verdict.h"

#include <fmt/format.h>

namespace sekisho::rules::testing {

std::string to_string(const Verdict& verdict) {
  std::string out = verdict.accepts() ? "accept" : std::string(engine::to_string(verdict.end));
  const bool replies = verdict.end == engine::End::reject || verdict.end == engine::End::defer;
  if (replies) out += fmt::format(" {}", verdict.code);
  if (!verdict.by.empty()) out += fmt::format(" by {}", verdict.by);
  if (!verdict.failure.empty()) out += fmt::format(", which failed ({})", verdict.failure);
  if (!verdict.text.empty()) out += fmt::format(": {}", verdict.text);
  return out;
}

}  // namespace sekisho::rules::testing
