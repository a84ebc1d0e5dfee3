#include "rules/testing/test_player.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "gateway/base/text.h"
#include "rules/testing/clause.h"

namespace sekisho::rules::testing {
namespace {

using Kind = ast::Step::Kind;
using engine::End;

constexpr std::size_t kMaxNotes = 5;
constexpr std::size_t kMaxMessage = 64UL * 1024 * 1024;

std::optional<std::uint16_t> code_in(const ast::Word& word) {
  if (!word.given()) return std::nullopt;
  return static_cast<std::uint16_t>(parse_uint(word.text).value_or(0));
}

std::vector<Constant> constants(Type type, const std::vector<ast::Word>& words) {
  std::vector<Constant> out;
  for (const auto& word : words) {
    if (auto constant = read_constant(type, word.text)) out.push_back(std::move(*constant));
  }
  return out;
}

std::string with_crlf(std::string_view text) {
  std::string out;
  char before = 0;
  for (const char c : text) {
    if (c == '\n' && before != '\r') out += '\r';
    out += c;
    before = c;
  }
  if (!out.empty() && !out.ends_with('\n')) out += "\r\n";
  return out;
}

bool is_effect(std::string_view outcome) { return outcome == "suspended" || outcome == "tagged"; }

End end_named(std::string_view outcome) {
  for (const auto end : {End::reject, End::defer, End::quarantine, End::discard, End::disconnect}) {
    if (engine::to_string(end) == outcome) return end;
  }
  return End::accept;
}

}  // namespace

TestPlayer::TestPlayer(const Ready& ready, content::Matchers& matchers, Counters& counters,
                       const Sources& sources, Files& files, Coverage* coverage)
    : ready_(ready),
      sources_(sources),
      files_(files),
      coverage_(coverage),
      talk_(ready, matchers, counters, true),
      lists_(ready.lists),
      now_(kTestStart) {
  auto& values = talk_.values();
  values.client = IpAddress::v4({198, 51, 100, 1});
  values.server_name = "gateway.example";
  values.listener = "test";
  values.spf = values.dkim = values.dmarc = "none";
  talk_.set_own_domains(ready.domains_named(kOwnDomains));
  talk_.set_time(now_);
}

std::optional<StepFailure> TestPlayer::play(const ast::Test& test) {
  for (const auto& step : test.steps) {
    const auto times = step.times.given() ? parse_uint(step.times.text).value_or(1) : 1;
    for (std::uint64_t i = 1; i <= times; ++i) {
      talk_.begin_step();
      const bool claims = step.expect.given() && !is_effect(step.expect.text);
      talk_.set_scene(!claims);
      const Verdict verdict = last_ = make(step);
      std::optional<StepFailure> failed;
      if (claims) {
        failed =
            compare(step, verdict, times > 1 ? fmt::format(", number {} of {}", i, times) : "");
      } else if (step.expect.given() && i == times) {
        if (step.expect.text == "suspended") talk_.finish();
        failed = compare_effect(step);
      }
      note_coverage();
      if (!claims && verdict.refuses() && !verdict.by.empty()) note_scene(step, verdict);
      if (failed) return failed;
    }
  }
  talk_.begin_step();
  talk_.finish();
  note_coverage();
  return std::nullopt;
}

void TestPlayer::note_scene(const Step& step, const Verdict& verdict) {
  if (verdict.by == kRelayGate || verdict.by == kUpstream || scene_.size() == kMaxNotes) return;
  auto note = fmt::format("line {}, which expects nothing, went on although it came to {}",
                          sources_.position(step.span).line, to_string(verdict));
  if (scene_.empty() || scene_.back() != note) scene_.push_back(std::move(note));
}

void TestPlayer::note_coverage() {
  if (coverage_ == nullptr) return;
  for (const auto& run : talk_.runs()) coverage_->add(run);
}

Verdict TestPlayer::make(const Step& step) {
  auto& values = talk_.values();
  const auto& subject = step.subject.text;
  switch (step.kind) {
    case Kind::client:
      talk_.client(IpAddress::parse(subject).value_or(IpAddress{}));
      return step.expect.given() ? talk_.connect() : Verdict{};
    case Kind::listener:
      values.listener = subject;
      return {};
    case Kind::helo:
      return talk_.helo(subject);
    case Kind::tls:
      values.tls = true;
      values.tls_version = "TLSv1.3";
      values.tls_cipher = "TLS_AES_256_GCM_SHA384";
      return {};
    case Kind::login:
      return talk_.login(subject);
    case Kind::mail:
      return talk_.mail(subject);
    case Kind::rcpt:
      return talk_.rcpt(subject, code_in(step.upstream));
    case Kind::message:
      return message(step);
    case Kind::given:
      given(step);
      return {};
    case Kind::wait:
      now_ += std::chrono::milliseconds(read_duration(subject).value_or(0));
      talk_.set_time(now_);
      return {};
    case Kind::expect:
      return last_;
  }
  return {};
}

Verdict TestPlayer::message(const Step& step) {
  if (!step.file) return talk_.message(with_crlf(step.subject.text), code_in(step.upstream));
  const auto path = beside(sources_[step.subject.span.source].path(), step.subject.text);
  const auto text = files_.read(path, kMaxMessage);
  if (text) return talk_.message(with_crlf(*text), code_in(step.upstream));
  Verdict verdict;
  verdict.end = End::defer;
  verdict.code = 451;
  verdict.text = text.error().text;
  return verdict;
}

void TestPlayer::given(const Step& step) {
  const auto& set = *ready_.set;
  const auto& name = step.subject.text;
  for (std::size_t i = 0; i < set.lists.size(); ++i) {
    if (set.lists[i].name != name) continue;
    std::vector<ast::Word> words;
    words.reserve(step.entries.size());
    for (const auto& entry : step.entries) words.push_back(entry.key);
    const auto items = constants(set.lists[i].type, words);
    lists_ = lists_->with_list(
        i, lists::make_list(set.lists[i].type, lists::searched_lists(set)[i], items));
  }
  for (std::size_t i = 0; i < set.maps.size(); ++i) {
    if (set.maps[i].name != name) continue;
    MapEntries entries;
    for (const auto& entry : step.entries) {
      if (auto key = read_constant(set.maps[i].key, entry.key.text)) {
        entries.emplace_back(std::move(*key), constants(set.maps[i].value, entry.values));
      }
    }
    lists_ = lists_->with_map(i, lists::make_map(set.maps[i].key, set.maps[i].value, entries));
  }
  talk_.give(lists_);
  const auto* value = find_value(name);
  if (value == nullptr || !step.value.given()) return;
  if (auto constant = read_constant(value->type, step.value.text)) {
    talk_.give(*value, std::move(*constant));
  }
}

bool TestPlayer::as_expected(const Step& step, const Verdict& verdict) const {
  const End expected = end_named(step.expect.text);
  const bool fits = expected == End::accept ? verdict.accepts() : verdict.end == expected;
  if (!fits) return false;
  if (step.expect_code.given() && code_in(step.expect_code) != verdict.code) return false;
  return !step.by.given() || step.by.text == verdict.by;
}

std::optional<StepFailure> TestPlayer::compare(const Step& step, const Verdict& verdict,
                                               const std::string& about) {
  if (as_expected(step, verdict)) return std::nullopt;
  auto out = failure(step, about, to_string(verdict));
  explain(step, &verdict, out.why);
  return out;
}

std::optional<StepFailure> TestPlayer::compare_effect(const Step& step) {
  const bool tagged = step.expect.text == "tagged";
  const auto wanted = tagged ? ast::Action::Kind::tag : ast::Action::Kind::suspend;
  std::vector<std::string> there;
  for (const auto& effect : talk_.effects()) {
    if (effect.action->kind != wanted) continue;
    const auto& rule = ready_.set->rules[effect.rule].name;
    const auto whats = tagged ? std::vector<std::string>{effect.text} : effect.values;
    for (const auto& what : whats) {
      const bool same =
          tagged ? what == step.expect_what.text : iequals(what, step.expect_what.text);
      if (same && (!step.by.given() || step.by.text == rule)) return std::nullopt;
      there.push_back(fmt::format("{} {} by {}", step.expect.text,
                                  tagged ? fmt::format("\"{}\"", what) : what, rule));
    }
  }
  std::string came = tagged ? "no tag" : "nobody suspended";
  if (!there.empty()) came = fmt::format("{}", fmt::join(there, ", "));
  auto out = failure(step, {}, std::move(came));
  explain(step, nullptr, out.why);
  return out;
}

StepFailure TestPlayer::failure(const Step& step, const std::string& about,
                                std::string came) const {
  StepFailure out;
  out.span = step.span;
  const auto text = in_one_line(sources_.text(step.span));
  const auto behind = text.find(" expect ");
  out.step = text.substr(0, behind) + about;
  out.expected = behind == std::string::npos ? text : text.substr(behind + 8);
  if (text.starts_with("expect ")) {
    out.step = "the end";
    out.expected = text.substr(7);
  }
  out.came = std::move(came);
  return out;
}

const Rule* TestPlayer::rule_named(std::string_view name) const {
  const auto found = std::ranges::find(ready_.set->rules, name, &Rule::name);
  return found == ready_.set->rules.end() ? nullptr : &*found;
}

void TestPlayer::explain(const Step& step, const Verdict* verdict,
                         std::vector<std::string>& out) const {
  if (step.by.text == kRelayGate && !ready_.domains_named(kOwnDomains)) {
    out.push_back(fmt::format("the test knows no domains of ours: there is no list {} of domains",
                              kOwnDomains));
  }
  const bool other = verdict != nullptr && verdict->by != step.by.text;
  if (step.by.given()) explain_rule(step.by.text, out);
  if (other && !verdict->by.empty()) explain_rule(verdict->by, out);
  out.insert(out.end(), scene_.begin(), scene_.end());
}

void TestPlayer::explain_rule(std::string_view name, std::vector<std::string>& out) const {
  const auto* rule = rule_named(name);
  if (rule == nullptr) return;
  const StageRun* last = nullptr;
  for (const auto& run : talk_.runs()) {
    if (run.stage != rule->stage) continue;
    last = &run;
    for (const auto& trace : run.trace.rules) {
      if (&ready_.set->rules[trace.rule] != rule) continue;
      std::string line = fmt::format("{} was asked at {}: {}", name, to_string(run.stage),
                                     to_string(trace.outcome));
      if (!trace.why.empty()) line += fmt::format(", {}", trace.why);
      std::string_view by = ", since ";
      for (const auto& clause : deciding(trace, sources_)) {
        line += fmt::format("{}{}", std::exchange(by, " and "), to_string(clause));
      }
      out.push_back(std::move(line));
      return;
    }
  }
  if (rule->off) {
    out.push_back(fmt::format("{} is off", name));
  } else if (last == nullptr) {
    out.push_back(fmt::format("{} was not asked: its stage is {}, which this step did not reach",
                              name, to_string(rule->stage)));
  } else if (last->decision.rule) {
    out.push_back(fmt::format("{} was not asked: {} stands before it and ended the stage", name,
                              ready_.set->rules[*last->decision.rule].name));
  }
}

}  // namespace sekisho::rules::testing
