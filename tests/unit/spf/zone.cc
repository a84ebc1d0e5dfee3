#include "tests/unit/spf/zone.h"

#include <stdexcept>

#include "filters/spf/names.h"

namespace sekisho::spf::testing {

void Zone::add(std::string_view name, dns::Type type, std::string_view value) {
  auto& answer = records_.try_emplace({type, normal_name(name)}, dns::Answer()).first->second;
  if (!answer) return;  // it fails
  answer->status = dns::Answer::Status::found;
  auto& record = answer->records.emplace_back();
  if (type == dns::Type::a || type == dns::Type::aaaa) {
    record.address = IpAddress::parse(value).value();
  } else if (type == dns::Type::txt) {
    record.text = value;
  } else {
    record.name = value;
  }
}

void Zone::fail(std::string_view name, dns::Type type) {
  records_[{type, normal_name(name)}] = std::nullopt;
}

std::optional<dns::Answer> Zone::ask(const Question& question) {
  asked_.push_back(question);
  const auto known = records_.find(question);
  return known == records_.end() ? dns::Answer() : known->second;
}

Verdict Zone::evaluate(const Query& query) {
  asked_.clear();
  DnsAnswers answers;
  for (;;) {
    auto evaluation = spf::evaluate(query, answers);
    if (evaluation.verdict) return std::move(*evaluation.verdict);
    if (evaluation.needed.empty()) throw std::logic_error("neither a verdict nor a question");
    for (auto& question : evaluation.needed) {
      if (answers.contains(question)) throw std::logic_error("asked again: " + question.name);
      answers[question] = ask(question);
    }
  }
}

}  // namespace sekisho::spf::testing
