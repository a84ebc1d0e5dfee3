// Carries out what the rules of a stage decided: effects in their order, then the end as a verdict;
// log lines and counters. Runs on the session's loop and never waits: what would take time is an
// errand.
#pragma once

#include <string>
#include <vector>

#include "filters/filter.h"
#include "filters/rules/rule_book.h"
#include "rules/engine/decision.h"

namespace sekisho::filters::rule {

// Where it is carried out. Null: there is no reply any more, nor a message to edit.
struct Where {
  const RuleBook& book;
  const SessionContext& context;
  const std::string& filter;  // its name, for log and metrics
  ::sekisho::rules::Stage stage;
  const mail::Peer& peer;
  const mail::Envelope& envelope;
  View* view = nullptr;
  std::vector<std::string>* keys = nullptr;  // to be signed with at `sign`, "selector:file"
};

Verdict carry_out(const ::sekisho::rules::engine::Decision& decision, const Where& where);

}  // namespace sekisho::filters::rule
