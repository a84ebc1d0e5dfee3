// What rules cost: 1,000 envelope rules asked of one recipient, beside the bare comparisons of as
// many strings of equal length, whatever their case, in a loop; in turns in one run, by the CPU
// time of this thread. Prints microseconds a recipient for rules that share nothing, for rules that
// share a guard, and for rules of another listener, and each as a ratio to the loop.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/text.h"
#include "rules/check/check.h"
#include "rules/engine/program.h"

namespace {

using namespace sekisho;
using namespace sekisho::rules;

constexpr int kRules = 1000;
constexpr int kRounds = 15;
constexpr int kRecipients = 2000;  // in a round

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

class OneFile : public Files {
 public:
  explicit OneFile(std::string text) : text_(std::move(text)) {}
  Result<std::string> read(const std::filesystem::path&, std::size_t) override { return text_; }
  std::vector<std::filesystem::path> expand(const std::filesystem::path&) override { return {}; }
  bool is_file(const std::filesystem::path&) override { return true; }

 private:
  std::string text_;
};

class Session : public engine::Facts {
 public:
  void values(const ValueInfo& value, const engine::ItemRef*,
              std::vector<engine::Fact>& out) const override {
    if (value.name == "rcpt.domain") out.emplace_back(std::string_view("elsewhere.example"));
    if (value.name == "auth.user") out.emplace_back(std::string_view("alice"));
    if (value.name == "helo") out.emplace_back(std::string_view("client.example.net"));
    if (value.name == "listener") out.emplace_back(std::string_view("submission"));
    if (value.name == "authenticated") out.emplace_back(true);
    if (value.name == "rcpt.count") out.emplace_back(3.0);
  }
  void header(std::string_view, std::vector<engine::Fact>&) const override {}
  std::size_t count(const ItemInfo&, const ValueInfo*) const override { return 0; }
};

class NoLists : public engine::Lists {
 public:
  engine::Answer has(std::size_t, const engine::Fact&) const override { return kNo; }
  engine::Answer any_within(std::size_t, std::string_view) const override { return kNo; }
  engine::Answer has_key(std::size_t, const engine::Fact&) const override { return kNo; }
  engine::Answer has(std::size_t, const engine::Fact&, const engine::Fact&) const override {
    return kNo;
  }
  engine::Answer values(std::size_t, const engine::Fact&,
                        std::vector<std::string>&) const override {
    return kNo;
  }

 private:
  static constexpr auto kNo = engine::Answer::no;
};

class NoLimits : public engine::Limits {
 public:
  std::optional<engine::LimitState> ask(const engine::LimitEvent&, engine::Use) override {
    return engine::LimitState{};
  }
};

std::shared_ptr<const engine::Program> program_of(const std::string& text) {
  OneFile files(text);
  Sources sources;
  Diagnostics diagnostics;
  const auto loaded = load({"main.rules"}, files, sources, diagnostics);
  const CheckContext context{.today = {}, .files = nullptr, .listeners = {}, .upstreams = {}};
  auto set = check(loaded, sources, context, diagnostics);
  if (diagnostics.has_errors()) {
    for (const auto& one : diagnostics.sorted()) {
      std::fputs(render(one, sources).c_str(), stderr);
    }
    std::exit(1);
  }
  return engine::Program::compile(std::make_shared<const RuleSet>(std::move(set)));
}

std::string set_of(const char* head, const char* (*condition)(int)) {
  std::string text = head;
  for (int i = 0; i < kRules; ++i) {
    auto when = std::string(condition(i));
    for (auto at = when.find('#'); at != when.npos; at = when.find('#')) {
      when.replace(at, 1, std::to_string(i));
    }
    text += "rule r" + std::to_string(i) + " \"r\" { at rcpt when " + when +
            " then reject 550 \"no\" }\n";
  }
  return text;
}

double round_of(const engine::Program& program) {
  const Session facts;
  const NoLists lists;
  NoLimits limits;
  engine::State state;
  std::size_t ended = 0;
  const auto begin = cpu_seconds();
  for (int i = 0; i < kRecipients; ++i) {
    ended += program.run(Stage::rcpt, facts, lists, limits, state).refuses() ? 1 : 0;
  }
  const auto used = cpu_seconds() - begin;
  if (ended != 0) std::exit(1);
  return used * 1e6 / kRecipients;
}

double round_of_loop(const std::vector<std::string>& domains) {
  std::string domain = "elsewhere.example";
  std::size_t same = 0;
  const auto begin = cpu_seconds();
  for (int i = 0; i < kRecipients; ++i) {
    domain[0] = i % 2 == 0 ? 'e' : 'f';
    for (const auto& one : domains) same += iequals(one, domain) ? 1 : 0;
  }
  const auto used = cpu_seconds() - begin;
  if (same != 0) std::exit(1);
  return used * 1e6 / kRecipients;
}

}  // namespace

int main() {
  const auto own = program_of(set_of("", [](int i) {
    return i % 3 == 0   ? "rcpt.domain is elsewher#.example and rcpt.count > 1"
           : i % 3 == 1 ? "auth.user is ali# and helo is present"
                        : "helo ends with \".h#.example\" or rcpt.domain is *.b#.example";
  }));
  const auto guarded =
      program_of(set_of("define ours = authenticated and rcpt.domain is inside.example\n",
                        [](int) { return "ours and helo is h#.example"; }));
  const auto elsewhere =
      program_of(set_of("", [](int) { return "listener is mx and helo is h#.example"; }));
  std::vector<std::string> domains;
  for (int i = 0; i < kRules; ++i) domains.push_back("elsewhere.exampl" + std::to_string(i % 10));

  std::vector<double> took[4];
  for (int i = 0; i < kRounds; ++i) {
    took[0].push_back(round_of_loop(domains));
    took[1].push_back(round_of(*own));
    took[2].push_back(round_of(*guarded));
    took[3].push_back(round_of(*elsewhere));
  }
  const char* names[] = {"bare loop", "1,000 rules", "with a shared guard", "of another listener"};
  double loop = 0;
  for (int i = 0; i < 4; ++i) {
    auto& all = took[i];
    std::sort(all.begin(), all.end());
    const auto median = all[all.size() / 2];
    if (i == 0) loop = median;
    std::printf("%-20s %8.2f us a recipient  %6.2f of the loop\n", names[i], median, median / loop);
  }
}
