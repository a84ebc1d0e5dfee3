// Signatures that rules ask for (sign dkim with MAP[header.from.domain]): with keys that stand in
// the rules' maps, which are read at a reload and handed to the signer processes. Like dkim_sign it
// signs what our users and networks send, in the name of one clear author who is theirs.
#pragma once

#include <string>
#include <vector>

#include "filters/dkim/key_table.h"
#include "filters/filter.h"
#include "rules/check/rule_set.h"

namespace sekisho::filters::rule {

class RuleKeys {
 public:
  // Every key in the maps that `sign` names. Reads the maps' files and the keys. Errors name the
  // key and the way out.
  static Result<RuleKeys> load(const ::sekisho::rules::RuleSet& set);

  // What the signer processes are to hold.
  [[nodiscard]] std::vector<worker::SetupItem> items() const;
  // The key that a rule said, "selector:file", if it is one of the domain. Null: it is not.
  [[nodiscard]] const dkim::TableKey* find(std::string_view domain, std::string_view said) const;

 private:
  dkim::KeyTable table_;
};

// Puts the signatures on top. `said`: the keys as rules named them. Throws CheckFailed where a
// signature that should be made can't be.
Task<void> sign_by_rules(const SessionContext& context, const RuleKeys& keys,
                         const std::vector<std::string>& said, View& view);

}  // namespace sekisho::filters::rule
