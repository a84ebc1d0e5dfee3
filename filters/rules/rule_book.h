// RuleBook: rule files made ready to be asked: read, checked, compiled, with their lists and the
// counters of their limits. Immutable but for lists whose files change; any thread. Making one
// reads files and takes its time: at a reload, never on a loop. The Error of load() has every
// mistake with its line and a caret.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "filters/catalog.h"
#include "filters/rules/added_texts.h"
#include "filters/rules/content_job.h"
#include "filters/rules/signing.h"
#include "rules/check/rule_set.h"
#include "rules/content/plan.h"
#include "rules/engine/program.h"
#include "rules/limits/limit_book.h"
#include "rules/lists/list_files.h"

namespace sekisho::filters::rule {

struct RuleBook {
  std::shared_ptr<const ::sekisho::rules::RuleSet> set;
  std::shared_ptr<const ::sekisho::rules::engine::Program> program;
  std::set<std::string_view> asked;      // values that rules or limits ask for
  ::sekisho::rules::content::Plan plan;  // what rules want to know of a message
  std::optional<ContentOrder> order;     // … as workers are told; none: nothing
  AddedTexts texts;                      // of prepend and append
  RuleKeys keys;                         // of sign
  std::unique_ptr<::sekisho::rules::lists::ListFiles> files;
  std::shared_ptr<::sekisho::rules::limits::LimitBook> counts;  // of this filter, over reloads

  // Taken over from the book before at the first session, when this one is in force: a reload that
  // is refused changes no counts.
  [[nodiscard]] std::shared_ptr<const ::sekisho::rules::limits::Counters> counters() const;
  [[nodiscard]] bool asks_for(std::string_view value) const { return asked.contains(value); }
  // Some rule that is not off has such an action.
  [[nodiscard]] bool acts_by(::sekisho::rules::ast::Action::Kind kind) const;
  // Rules ask for the outcome, or limits count it.
  [[nodiscard]] bool wants_outcome() const;
  // Lists whose files have changed; by the way, forgets counts that say nothing any more. Waits for
  // the disk.
  Result<std::vector<std::string>> look_at_files() const;
  [[nodiscard]] const std::string& name_of(std::size_t rule) const { return set->rules[rule].name; }

  // `previous`: what was in force under that name; its counts go on, and lists that did not change
  // are not read again.
  static Result<std::shared_ptr<const RuleBook>> load(const std::filesystem::path& file,
                                                      const Surroundings& surroundings,
                                                      const RuleBook* previous);

 private:
  mutable std::once_flag adopted_;
  mutable std::shared_ptr<const ::sekisho::rules::limits::Counters> counters_;
};

}  // namespace sekisho::filters::rule
