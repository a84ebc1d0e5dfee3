// Rule files that the checker accepts, run over arbitrary facts at every stage. Oracles: an
// evaluation ends within its bound of steps; its texts hold no control characters; an end names its
// rule; with a trace it decides the same.
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rules/check/check.h"
#include "rules/engine/program.h"

namespace {

using namespace sekisho;
using namespace sekisho::rules;
using engine::Answer;
using engine::Fact;

void require(bool holds) {
  if (!holds) std::abort();
}

class OneFile : public Files {
 public:
  explicit OneFile(std::string_view text) : text_(text) {}
  Result<std::string> read(const std::filesystem::path& path, std::size_t) override {
    if (path != "main.rules") return fail(ErrorKind::io, "there is no such file");
    return text_;
  }
  std::vector<std::filesystem::path> expand(const std::filesystem::path&) override { return {}; }
  bool is_file(const std::filesystem::path&) override { return true; }

 private:
  std::string text_;
};

// What is known, from the rest of the input: the same question has the same answer.
class Facts : public engine::Facts {
 public:
  explicit Facts(std::string_view bytes) : bytes_(bytes) {}

  void values(const ValueInfo& value, const engine::ItemRef* item,
              std::vector<Fact>& out) const override {
    if (item != nullptr) require(item->index < count(*item->item, item->of));
    const auto place = number(value.name) + (item == nullptr ? 0 : 7 * item->index);
    const auto many = at(place) % 4 * (value.many || value.readings ? 5 : 1);
    for (std::size_t i = 0; i < many && (i == 0 || value.many || value.readings); ++i) {
      out.push_back(fact(value.type, place + i));
    }
  }
  void header(std::string_view name, std::vector<Fact>& out) const override {
    for (std::size_t i = 0; i < at(number(name)) % 3; ++i) {
      out.push_back(fact(Type::text, number(name) + i));
    }
  }
  std::size_t count(const ItemInfo& item, const ValueInfo* of) const override {
    const auto few = at(number(item.name) + (of == nullptr ? 0 : number(of->name)));
    return few < 250 ? few % 8 : std::size_t{1} << (few % 16);
  }
  std::optional<Answer> answered(const Condition& atom, const engine::ItemRef*) const override {
    const auto said = at(atom.span.begin) % 6;
    if (said > 2) return std::nullopt;
    return static_cast<Answer>(said);
  }
  std::optional<std::vector<Answer>> patterns(std::size_t index) const override {
    if (at(index) % 2 == 0) return std::nullopt;
    return std::vector<Answer>(at(index + 1) % 5, static_cast<Answer>(at(index + 2) % 3));
  }

 private:
  std::uint8_t at(std::size_t place) const {
    return bytes_.empty() ? 0 : static_cast<std::uint8_t>(bytes_[place % bytes_.size()]);
  }
  static std::size_t number(std::string_view name) { return std::hash<std::string_view>()(name); }
  Fact fact(Type type, std::size_t place) const {
    const auto byte = at(place);
    switch (type) {
      case Type::boolean:
        return byte % 2 == 1;
      case Type::number:
      case Type::percent:
        return static_cast<double>(byte);
      case Type::size:
      case Type::duration:
      case Type::date:
      case Type::clock:
        return static_cast<std::uint64_t>(byte) << (byte % 32);
      case Type::ip:
        return IpAddress::v4({byte, at(place + 1), 0, 1});
      case Type::network:
        return *Network::parse("192.0.2.0/24");
      default:
        break;
    }
    const auto from = bytes_.empty() ? 0 : place % bytes_.size();
    return bytes_.substr(from, byte);
  }
  std::string_view bytes_;
};

class Lists : public engine::Lists {
 public:
  explicit Lists(std::uint8_t seed) : seed_(seed) {}
  Answer has(std::size_t list, const Fact&) const override { return say(list); }
  Answer any_within(std::size_t list, std::string_view) const override { return say(list + 1); }
  Answer has_key(std::size_t map, const Fact&) const override { return say(map + 2); }
  Answer has(std::size_t map, const Fact&, const Fact&) const override { return say(map + 3); }
  Answer values(std::size_t map, const Fact&, std::vector<std::string>& out) const override {
    out.emplace_back("s:/k");
    return say(map + 4);
  }

 private:
  Answer say(std::size_t what) const { return static_cast<Answer>((seed_ + what * 5) % 7 % 3); }
  std::uint8_t seed_;
};

class Limits : public engine::Limits {
 public:
  explicit Limits(std::uint8_t seed) : seed_(seed) {}
  std::optional<engine::LimitState> ask(const engine::LimitEvent& event, engine::Use) override {
    engine::LimitState state;
    state.exceeded = (seed_ + event.limit) % 2 == 1;
    state.count = seed_;
    state.percent = static_cast<double>(seed_ % 101);
    if ((seed_ + event.limit) % 11 == 0) return std::nullopt;
    return state;
  }

 private:
  std::uint8_t seed_;
};

void clean(std::string_view text, bool lines) {
  for (const char c : text) {
    require(static_cast<unsigned char>(c) >= 0x20 || (lines && c == '\n'));
    require(c != 0x7F);
  }
}

void look(const RuleSet& set, const engine::Decision& decision) {
  // One more pattern may be running when the bound is reached.
  require(decision.steps <= engine::kMaxSteps + 2 * kMatchLimit);
  clean(decision.text, false);
  for (const auto& effect : decision.effects) {
    const auto kind = effect.action->kind;
    clean(effect.text, kind == ast::Action::Kind::notify || kind == ast::Action::Kind::webhook);
  }
  require((decision.end != engine::End::none) == decision.rule.has_value());
  for (const auto hit : decision.hits) require(hit < set.rules.size() && !set.rules[hit].off);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 16'384) return 0;
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const auto end = all.find('\0');
  OneFile files(all.substr(0, end));
  const auto rest = end == std::string_view::npos ? std::string_view() : all.substr(end + 1);
  Sources sources;
  Diagnostics diagnostics;
  const auto loaded = load({"main.rules"}, files, sources, diagnostics);
  const CheckContext context{.today = std::chrono::sys_days(std::chrono::days(20'000)),
                             .files = &files,
                             .listeners = {},
                             .upstreams = {}};
  const auto set = std::make_shared<const RuleSet>(check(loaded, sources, context, diagnostics));
  if (diagnostics.has_errors()) return 0;
  const auto program = engine::Program::compile(set);
  const std::uint8_t seed = rest.empty() ? 0 : static_cast<std::uint8_t>(rest[0]);
  const Facts facts(rest);
  const Lists lists(seed);
  Limits limits(seed);
  engine::State state;
  for (std::size_t i = 0; i < kStageNames.size(); ++i) {
    const auto stage = static_cast<Stage>(i);
    engine::State copy = state;
    engine::Trace trace;
    const auto plain = program->run(stage, facts, lists, limits, state);
    const auto traced = program->run(stage, facts, lists, limits, copy, &trace);
    look(*set, plain);
    look(*set, traced);
    // A trace reads more, so near the bound it fails earlier.
    if (plain.steps > engine::kMaxSteps / 2 || traced.steps > engine::kMaxSteps) continue;
    require(plain.end == traced.end && plain.rule == traced.rule && plain.hits == traced.hits);
    require(plain.text == traced.text && state.tags() == copy.tags());
  }
  return 0;
}
