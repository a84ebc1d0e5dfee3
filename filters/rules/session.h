// RulesSession: one connection's half of the `rules` filter: asks the rules of each stage and
// carries out what they decide. One thread; waits only for the client's name in the DNS, for the
// worker that reads the message, and for signatures.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "filters/filter.h"
#include "filters/rules/carry_out.h"
#include "filters/rules/rule_book.h"
#include "rules/content/findings.h"
#include "rules/engine/state.h"
#include "rules/facts/session_values.h"
#include "rules/limits/session.h"

namespace sekisho::filters::rule {

class RulesSession final : public FilterSession {
 public:
  RulesSession(std::shared_ptr<const RuleBook> book, const std::string& name,
               const SessionContext& context);

  Task<Verdict> check(Stage stage, View& view) override;
  void ended(const mail::Envelope& envelope, const Ending& ending) override;

 private:
  using Values = ::sekisho::rules::facts::SessionValues;
  using RuleStage = ::sekisho::rules::Stage;

  Task<void> look_up_client(const View& view);
  Task<void> read_message(const View& view);
  void ask_outcome(const mail::Envelope& envelope, const Ending& ending);
  [[nodiscard]] Values values_of(const mail::Peer& peer, const mail::Envelope& envelope,
                                 const smtp::Mailbox* recipient, WallTime now) const;
  ::sekisho::rules::engine::Decision ask(RuleStage stage, const Values& values);
  void give_back_refused(const mail::Envelope& envelope);
  void count_outcome(const Values& values, const Ending& ending);
  [[nodiscard]] Where where(RuleStage stage, const mail::Peer& peer, const mail::Envelope& envelope,
                            View* view) const;

  std::shared_ptr<const RuleBook> book_;
  const std::string& name_;
  SessionContext context_;
  ::sekisho::rules::engine::State state_;
  std::optional<std::string> rdns_;      // once it was asked for; empty: none
  mail::Authentication authentication_;  // as the last check saw it
  ::sekisho::rules::limits::Session limits_;
  // How many recipients the envelope had when we passed one that has not got its answer yet.
  std::optional<std::size_t> passed_at_;
  std::optional<::sekisho::rules::content::Findings> findings_;  // once the message was read
  std::vector<std::string> keys_;                                // to be signed with
};

}  // namespace sekisho::filters::rule
