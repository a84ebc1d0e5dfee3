#include "tests/unit/spf/zone.h"

#include <stdexcept>

#include "filters/spf/names.h"

namespace sekisho::spf::testing {

void Zone::add(std::string_view name, RecordType type, std::string_view value) {
  auto& record = records_[{type, normal_name(name)}];
  record.status = Answer::Status::found;
  switch (type) {
    case RecordType::a:
    case RecordType::aaaa:
      record.addresses.push_back(IpAddress::parse(value).value());
      break;
    case RecordType::mx:
    case RecordType::ptr:
      record.names.emplace_back(value);
      break;
    case RecordType::txt:
      record.texts.emplace_back(value);
      break;
  }
}

void Zone::fail(std::string_view name, RecordType type) {
  records_[{type, normal_name(name)}].status = Answer::Status::failed;
}

Answer Zone::answer(const Question& question) const {
  const auto at = records_.find(question);
  return at == records_.end() ? Answer() : at->second;
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
      answers[question] = answer(question);
      asked_.push_back(std::move(question));
    }
  }
}

}  // namespace sekisho::spf::testing
