#include "filters/rules/rule_book.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "filters/rules/asked_values.h"
#include "rules/check/check.h"
#include "rules/syntax/load.h"
#include "rules/testing/test_run.h"

namespace sekisho::filters::rule {
namespace {

namespace lang = ::sekisho::rules;
using lang::ast::Action;

// What the language has and this gateway can't do: said at once, or a rule would do nothing.
void refuse_what_we_lack(const lang::RuleSet& set, const std::set<std::string_view>& asked,
                         lang::Diagnostics& diagnostics) {
  for (const auto& rule : set.rules) {
    if (rule.off) continue;
    for (const auto& action : rule.actions)
      if (action.kind == Action::Kind::webhook)
        diagnostics.error(action.span, "this version calls no webhooks",
                          "use notify, or watch the log for the rule's name");
  }
  for (const std::string_view value : {"client.country", "client.asn"}) {
    if (!asked.contains(value) || set.rules.empty()) continue;
    diagnostics.error(set.rules.front().span,
                      fmt::format("a rule or limit asks for {}, and this version has no database "
                                  "of it",
                                  value),
                      "use client.network or client.rdns");
  }
}

std::string all_of(const lang::Diagnostics& diagnostics, const lang::Sources& sources) {
  std::string text = fmt::format("the rule files have {} mistake{}:\n", diagnostics.errors(),
                                 diagnostics.errors() == 1 ? "" : "s");
  for (const auto& one : diagnostics.sorted())
    if (one.severity == lang::Severity::error) text += render(one, sources);
  return text;
}

// Rules whose own tests fail don't come into force.
Result<void> pass_tests(const lang::RuleSet& set, const lang::lists::ListFiles& lists,
                        const lang::Sources& sources, lang::Files& files) {
  const auto run = lang::testing::run_tests(set, lists.current(), sources, files);
  if (run.failed() == 0) return {};
  std::string text = fmt::format("{} of the {} tests beside the rules fail{}:\n", run.failed(),
                                 run.results.size(), run.failed() == 1 ? "s" : "");
  for (const auto& result : run.results)
    if (result.failure) text += render(result, sources);
  return fail(ErrorKind::invalid, std::move(text));
}

}  // namespace

bool RuleBook::acts_by(Action::Kind kind) const {
  return std::ranges::any_of(set->rules, [&](const lang::Rule& rule) {
    return !rule.off &&
           std::ranges::find(rule.actions, kind, &lang::Action::kind) != rule.actions.end();
  });
}

bool RuleBook::wants_outcome() const {
  return program->has_work_at(lang::Stage::outcome) ||
         std::ranges::any_of(set->limits, [](const lang::Limit& limit) {
           return limit.share || limit.unit == lang::Limit::Unit::refusals;
         });
}

Result<std::shared_ptr<const RuleBook>> RuleBook::load(const std::filesystem::path& file,
                                                       const Surroundings& surroundings,
                                                       const RuleBook* previous) {
  lang::DiskFiles disk;
  lang::Sources sources;
  lang::Diagnostics diagnostics;
  const auto loaded = lang::load({file}, disk, sources, diagnostics);
  lang::CheckContext context{
      .today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()),
      .files = &disk,
      .listeners = {},
      .upstreams = surroundings.upstreams};
  for (const std::string& listener : surroundings.listeners)
    context.listeners.push_back({.name = listener, .content_filters = true});
  auto set = std::make_shared<lang::RuleSet>(lang::check(loaded, sources, context, diagnostics));
  auto made = std::make_shared<RuleBook>();
  made->asked = asked_values(*set);
  refuse_what_we_lack(*set, made->asked, diagnostics);
  if (diagnostics.has_errors()) return fail(ErrorKind::invalid, all_of(diagnostics, sources));
  made->set = std::move(set);
  made->files = std::make_unique<lang::lists::ListFiles>(
      made->set, previous != nullptr ? previous->files.get() : nullptr);
  if (const auto& broken = made->files->broken(); !broken.empty())
    return fail(ErrorKind::invalid, broken.front().all);
  if (auto passed = pass_tests(*made->set, *made->files, sources, disk); !passed)
    return std::unexpected(std::move(passed.error()));
  made->program = lang::engine::Program::compile(made->set);
  made->plan = lang::content::Plan::of(*made->set);
  if (!made->plan.empty()) made->order.emplace(made->plan);
  auto texts = load_added_texts(*made->set);
  if (!texts) return std::unexpected(std::move(texts.error()));
  made->texts = std::move(*texts);
  auto keys = RuleKeys::load(*made->set);
  if (!keys) return std::unexpected(std::move(keys.error()));
  made->keys = std::move(*keys);
  made->counts =
      previous != nullptr
          ? previous->counts
          : std::make_shared<lang::limits::LimitBook>(lang::limits::LimitBook::Options{});
  return made;
}

std::shared_ptr<const lang::limits::Counters> RuleBook::counters() const {
  std::call_once(adopted_, [this] { counters_ = counts->adopt(*set, Clock::now()); });
  return counters_;
}

Result<std::vector<std::string>> RuleBook::look_at_files() const {
  counts->sweep(Clock::now());
  auto look = files->look();
  if (!look.broken.empty()) return fail(ErrorKind::invalid, look.broken.front().first);
  return std::move(look.reloaded);
}

}  // namespace sekisho::filters::rule
