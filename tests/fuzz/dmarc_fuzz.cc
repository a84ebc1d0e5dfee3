// DMARC under hostile records and header sections: the first line of the input is a record at the
// From domain, the second one at its organizational domain, the rest a header section. Oracles: it
// ends within four look-ups, what passes has an aligned pass, a name that was read can be asked
// for, and a disposition is never stricter than the policy.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "filters/dmarc/evaluator.h"
#include "filters/dmarc/from_domain.h"

namespace {

using namespace sekisho;

void require(bool condition) {
  if (!condition) std::abort();
}

std::string_view take_line(std::string_view& rest) {
  const auto end = rest.find('\n');
  const auto line = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto suffixes = dmarc::PublicSuffixes::open();
  require(suffixes.has_value());
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto record = take_line(rest);
  const auto record_above = take_line(rest);
  const auto read = dmarc::from_domain(mail::Headers::parse(rest));
  if (read) require(!read->empty() && read->size() <= 246 && !read->contains(".."));
  const std::string from = read.value_or("a.b.example.co.uk");

  mail::Authentication facts;
  auto& dkim = facts.dkim.emplace_back();
  dkim.result = mail::AuthResult::pass;
  dkim.domain = record_above;
  auto& spf = facts.spf.emplace_back();
  spf.result = mail::AuthResult::fail;
  spf.domain = from;
  dmarc::DnsAnswers answers;
  for (int round = 0;; ++round) {
    const auto evaluation =
        evaluate({.from_domain = from, .authentication = facts, .sample = 50}, *suffixes, answers);
    if (const auto& verdict = evaluation.verdict) {
      require(verdict->disposition <= verdict->policy);
      if (verdict->result == mail::AuthResult::pass) require(verdict->identifiers.at(1).aligned);
      return 0;
    }
    require(round < 4 && evaluation.needed.has_value());
    auto& answer = answers[*evaluation.needed].emplace();
    const auto text = round == 0 ? record : record_above;
    if (!text.empty()) answer.records.emplace_back().text = text;
  }
}
