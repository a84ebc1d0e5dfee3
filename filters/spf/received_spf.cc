#include "filters/spf/received_spf.h"

#include <algorithm>

#include <fmt/format.h>

#include "gateway/base/encode.h"
#include "gateway/base/text.h"

namespace sekisho::spf {
namespace {

constexpr std::size_t kMaxValue = 256;
constexpr std::size_t kMaxProblem = 200;

bool is_atext(char c) {
  return is_alnum(c) || std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

bool is_dot_atom(std::string_view text) {
  return std::ranges::all_of(split(text, '.'), [](std::string_view atom) {
    return !atom.empty() && std::ranges::all_of(atom, is_atext);
  });
}

// dot-atom / quoted-string (RFC 5322).
std::string value_of(std::string_view text) {
  std::string plain = encode_for_smtp(text, kMaxValue);
  if (is_dot_atom(plain)) return plain;
  std::string quoted = "\"";
  for (const char c : plain) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::string comment(const ReceivedSpf& what) {
  std::string domain = encode_for_header(what.finding.domain);
  const std::string client = what.client.to_string();
  switch (what.finding.verdict.outcome) {
    case Outcome::pass:
      return fmt::format("domain of {} allows {}", domain, client);
    case Outcome::fail:
      return fmt::format("domain of {} forbids {}", domain, client);
    case Outcome::softfail:
      return fmt::format("domain of {} doubts {}", domain, client);
    case Outcome::neutral:
      return fmt::format("domain of {} says nothing about {}", domain, client);
    case Outcome::none:
      return fmt::format("no record of {}", domain);
    case Outcome::temperror:
      return fmt::format("no answer about {} in time", domain);
    case Outcome::permerror:
      return fmt::format("the record of {} is wrong", domain);
  }
  return domain;
}

}  // namespace

std::string received_spf_value(const ReceivedSpf& what) {
  const Verdict& verdict = what.finding.verdict;
  std::string value =
      fmt::format("{} ({}: {}) receiver={}; client-ip={}; identity={}; envelope-from={}; helo={}",
                  to_string(verdict.outcome), encode_for_header(what.receiver), comment(what),
                  value_of(what.receiver), value_of(what.client.to_string()),
                  to_string(what.finding.identity), value_of(what.sender), value_of(what.helo));
  if (!verdict.mechanism.empty()) value += "; mechanism=" + value_of(verdict.mechanism);
  if (!verdict.problem.empty())
    value += "; problem=" + value_of(std::string_view(verdict.problem).substr(0, kMaxProblem));
  return value;
}

}  // namespace sekisho::spf
