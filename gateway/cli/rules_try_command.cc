// `sekisho rules try`: which messages of a corpus would change their fate, and by which part of
// which rule. All cores, each with patterns of its own.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "gateway/base/encode.h"
#include "gateway/cli/circumstances.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/exit_code.h"
#include "gateway/cli/loading.h"
#include "gateway/cli/mail_files.h"
#include "gateway/cli/print_json.h"
#include "gateway/cli/rule_files.h"
#include "rules/testing/fate.h"

namespace sekisho::cli {
namespace {

namespace rt = rules::testing;

constexpr std::size_t kShownOfARule = 10;

// One rule set, with what its messages are asked of.
struct Side {
  const CheckedRules& checked;
  rt::Ready ready;
};

struct ChangedMail {
  std::size_t number = 0;
  std::string name;
  rt::Change change;
};

// What all threads share.
struct Trying {
  const Side& before;
  const Side& after;
  MailFiles& mails;
  const rt::Circumstances& said;
  const SenderOfMessage& who;
  std::mutex mutex;
  std::size_t messages = 0;
  std::vector<ChangedMail> changed;
  std::optional<Error> error;
};

void work(Trying& trying) {
  auto old_matchers = trying.before.ready.matchers();
  auto new_matchers = trying.after.ready.matchers();
  if (!old_matchers || !new_matchers) {
    const std::lock_guard lock(trying.mutex);
    trying.error = old_matchers ? new_matchers.error() : old_matchers.error();
    return;
  }
  const auto& old_set = *trying.before.ready.set;
  const auto& new_set = *trying.after.ready.set;
  std::size_t messages = 0;
  std::vector<ChangedMail> changed;
  while (auto mail = trying.mails.next()) {
    ++messages;
    const auto who = circumstances_of(mail->bytes, trying.said, trying.who);
    const auto played = [&](bool tracing) {
      return std::pair{rt::play(trying.before.ready, *old_matchers, who, mail->bytes, tracing),
                       rt::play(trying.after.ready, *new_matchers, who, mail->bytes, tracing)};
    };
    const auto quick = played(false);
    if (rt::fate(quick.first, old_set) == rt::fate(quick.second, new_set)) continue;
    const auto traced = played(true);
    auto change = rt::change(traced.first, old_set, trying.before.checked.sources, traced.second,
                             new_set, trying.after.checked.sources);
    if (change) changed.push_back({mail->number, mail->name, std::move(*change)});
  }
  const std::lock_guard lock(trying.mutex);
  trying.messages += messages;
  std::ranges::move(changed, std::back_inserter(trying.changed));
}

using Groups = std::map<std::string, std::vector<const ChangedMail*>>;

void print(const Groups& groups, bool all) {
  for (const auto& [rule, mails] : groups) {
    fmt::print("{}: {}\n", rule.empty() ? "(no rule)" : rule, counted(mails.size(), "message"));
    for (std::size_t i = 0; i < mails.size(); ++i) {
      if (!all && i == kShownOfARule) {
        fmt::print("  … and {} more; --all shows them\n", mails.size() - i);
        break;
      }
      const auto& change = mails[i]->change;
      fmt::print("  {}\n    {} → {}\n", encode_for_log(mails[i]->name, 4096), change.before,
                 change.after);
      if (!change.clause.empty()) fmt::print("    {}\n", change.clause);
    }
  }
}

nlohmann::json as_json(const Groups& groups) {
  auto out = nlohmann::json::array();
  for (const auto& [rule, mails] : groups) {
    auto messages = nlohmann::json::array();
    for (const auto* mail : mails) {
      messages.push_back({{"message", mail->name},
                          {"before", mail->change.before},
                          {"after", mail->change.after},
                          {"clause", mail->change.clause}});
    }
    out.push_back({{"rule", rule}, {"messages", std::move(messages)}});
  }
  return out;
}

int complain(const Error& error, int code) {
  fmt::print(stderr, "sekisho rules try: {}\n", encode_for_log(error.text, 2000));
  return code;
}

}  // namespace

int try_rules(const TryWish& wish) {
  const auto said = circumstances(wish.who);
  if (!said) return complain(said.error(), kUsage);
  auto paths = MailFiles::find(wish.messages);
  if (!paths) return complain(paths.error(), kUsage);
  const auto new_files = load_rule_files(wish.rules);
  const auto old_files = load_rule_files(wish.against);
  if (!new_files || !old_files) return kErrors;

  // What is new is tried as it is meant to be once its trials are over.
  const Side before{
      old_files->checked,
      rt::Ready::make(std::make_shared<rules::RuleSet>(old_files->checked.set), old_files->lists)};
  const Side after{new_files->checked,
                   rt::Ready::make(std::make_shared<rules::RuleSet>(
                                       rt::with_trials_over(new_files->checked.set)),
                                   new_files->lists)};
  MailFiles mails(std::move(*paths));
  Trying trying{before, after, mails, *said, wish.who, {}, 0, {}, {}};
  const auto began = std::chrono::steady_clock::now();
  {
    std::vector<std::jthread> threads;
    const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
    for (unsigned i = 0; i < cores; ++i) threads.emplace_back([&] { work(trying); });
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  if (trying.error) return complain(*trying.error, kErrors);

  std::ranges::sort(trying.changed, {}, &ChangedMail::number);
  Groups groups;
  for (const auto& mail : trying.changed) groups[mail.change.rule].push_back(&mail);
  const double rate = static_cast<double>(trying.messages) / std::max(took.count(), 1e-9);
  if (wish.json) {
    print_json({{"messages", trying.messages},
                {"changed", trying.changed.size()},
                {"seconds", took.count()},
                {"rules", as_json(groups)}});
  } else {
    print(groups, wish.all);
    fmt::print("{} of {} would change; {:.2f} s, {:.0f} messages/s\n", trying.changed.size(),
               counted(trying.messages, "message"), took.count(), rate);
  }
  const auto errors = mails.errors();
  for (const auto& error : errors) (void)complain(error, kErrors);
  return errors.empty() ? kDone : kErrors;
}

}  // namespace sekisho::cli
