// A DNS zone for SPF tests: answers questions from what it was given, and counts them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "filters/spf/evaluator.h"

namespace sekisho::spf::testing {

class Zone {
 public:
  void add(std::string_view name, dns::Type type, std::string_view value);
  void fail(std::string_view name, dns::Type type);

  // Drives an evaluation to its verdict as a resolver would.
  Verdict evaluate(const Query& query);

  // A single answer, and a note that it was asked for.
  std::optional<dns::Answer> ask(const Question& question);
  void forget_questions() { asked_.clear(); }

  // The questions of the last evaluation (since forget_questions(), of ask()), in their
  // order.
  [[nodiscard]] const std::vector<Question>& asked() const { return asked_; }

 private:
  DnsAnswers records_;
  std::vector<Question> asked_;
};

}  // namespace sekisho::spf::testing
