#include "filters/spf/filter.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "filters/reach.h"
#include "filters/spf/budget.h"
#include "filters/spf/domain_list.h"
#include "filters/spf/identities.h"
#include "filters/spf/policy.h"
#include "filters/spf/received_spf.h"

namespace sekisho::spf {
namespace {

using filters::Stage;
using filters::View;
using mail::SpfFact;

constexpr const char* kTagField = "X-Sekisho-SPF";

enum class HeloUse : std::uint8_t { off, note, enforce };
enum class Explanation : std::uint8_t { ours, domain };

struct Settings {
  Policy policy;
  EngineSettings engine;
  HeloUse helo = HeloUse::enforce;
  Explanation explanation = Explanation::ours;
  bool received_spf = true;
  bool check_authenticated = false;
  bool check_internal = false;
  std::vector<Network> allow_networks;
  DomainList allow_domains;

  void visit(SettingsVisitor& v);
};

void Settings::visit(SettingsVisitor& v) {
  policy.visit(v);
  engine.visit(v);
  v.choice<HeloUse>(
      "helo", helo, {{"off", HeloUse::off}, {"note", HeloUse::note}, {"enforce", HeloUse::enforce}},
      "What the HELO name is checked for: off; note, its result in the header and for "
      "other filters; enforce, a client that may not call itself so is treated as "
      "`fail` says. With the null sender it is the HELO name's domain that counts.");
  v.choice<Explanation>(
      "explanation", explanation, {{"ours", Explanation::ours}, {"domain", Explanation::domain}},
      "Whether a refused client reads our words alone, or also those of the domain (exp=).");
  v.field("received_spf", received_spf, "Whether a Received-SPF field is added.");
  v.field("check_authenticated", check_authenticated,
          "Whether users who logged in are checked, too.");
  v.field(
      "check_internal", check_internal,
      "Whether clients in relay.networks, and the devices of a legacy listener, are checked, too.");
  v.field("allow_networks", allow_networks,
          "Clients that are not checked: forwarders, a secondary MX.");
  allow_domains.visit(v, "allow_domains",
                      "Sender domains that are not checked, each with all below it. Anybody can "
                      "write them.");
}

class Session final : public filters::FilterSession {
 public:
  Session(const Settings& settings, const filters::SessionContext& context)
      : settings_(settings), context_(context), engine_(settings.engine, context) {}

  Task<filters::Verdict> check(Stage, View& view) override {
    view.edits.remove(kTagField);  // only we mark
    if (is_exempt(view)) co_return filters::Verdict::pass();
    const IpAddress client = view.peer.remote.address;
    auto findings =
        co_await check_identities(context_.loop, engine_,
                                  {.client = client,
                                   .helo = view.peer.helo,
                                   .sender = view.envelope.sender,
                                   .check_helo = settings_.helo != HeloUse::off,
                                   .explain = settings_.explanation == Explanation::domain,
                                   .receiver = std::string(context_.hostname),
                                   .now = view.now},
                                  budget(view.deadline, kMaxTime), context_.cancel);
    if (!findings) {
      // Where on_error lets it pass, those who judge by it must not take a failure of ours for
      // none.
      auto name = sender_name(view.envelope.sender, view.peer.helo);
      view.authentication.spf.push_back({.identity = SpfFact::Identity::mail_from,
                                         .result = mail::AuthResult::temperror,
                                         .domain = std::move(name.domain),
                                         .address = std::move(name.address),
                                         .reason = {}});
      throw filters::CheckFailed(findings.error());
    }
    for (const Finding& finding : *findings) report(view, finding);
    const Finding& worst = decisive(*findings);
    if (settings_.received_spf)
      view.edits.prepend("Received-SPF", received_spf_value({.finding = findings->back(),
                                                             .client = client,
                                                             .helo = view.peer.helo,
                                                             .sender = view.envelope.sender_text(),
                                                             .receiver = context_.hostname}));
    if (settings_.policy.action_for(worst.verdict.outcome) == Action::tag)
      view.edits.add(kTagField, fmt::format("{} {}", to_string(worst.verdict.outcome),
                                            to_string(worst.identity)));
    co_return settings_.policy.verdict_on(worst, client);
  }

 private:
  [[nodiscard]] bool is_exempt(const View& view) const {
    const mail::Peer& peer = view.peer;
    if (!peer.address_known) return true;
    if (peer.authenticated() && !settings_.check_authenticated) return true;
    if (peer.is_internal() && !settings_.check_internal) return true;
    const auto is_in = [&peer](const Network& network) {
      return network.contains(peer.remote.address);
    };
    if (std::ranges::any_of(settings_.allow_networks, is_in)) return true;
    return view.envelope.sender && settings_.allow_domains.covers(view.envelope.sender->domain);
  }

  // The finding that decides. Of a HELO name, only that the client may not use it says something
  // about the mail (RFC 7208 section 2.3): most have no record at all.
  [[nodiscard]] const Finding& decisive(const std::vector<Finding>& findings) const {
    const Finding& sender = findings.back();
    const Finding& first = findings.front();
    const bool counts = first.identity == SpfFact::Identity::helo &&
                        first.verdict.outcome == Outcome::fail &&
                        settings_.helo == HeloUse::enforce;
    const bool harder = settings_.policy.action_for(first.verdict.outcome) >
                        settings_.policy.action_for(sender.verdict.outcome);
    return counts && harder ? first : sender;
  }

  void report(View& view, const Finding& finding) {
    const Outcome outcome = finding.verdict.outcome;
    view.authentication.spf.push_back({.identity = finding.identity,
                                       .result = auth_result(outcome),
                                       .domain = finding.domain,
                                       .address = finding.address,
                                       .reason = {}});
    const std::string identity(to_string(finding.identity));
    const std::string result(to_string(outcome));
    context_.metrics
        .counter("spf_results_total", "Results of SPF by identity.",
                 {{"identity", identity}, {"result", result}})
        .add();
    const bool quiet =
        outcome == Outcome::pass || outcome == Outcome::none || outcome == Outcome::neutral;
    const LogLevel level = quiet ? LogLevel::debug : LogLevel::info;
    if (!context_.log.enabled(level)) return;
    LogLine line("spf", level);
    line.src(view.peer.remote).add("id", view.envelope.id);
    line.add("identity", identity).add("address", finding.address).add("result", result);
    if (!finding.verdict.mechanism.empty()) line.add("mechanism", finding.verdict.mechanism);
    if (!finding.verdict.problem.empty()) line.add("problem", finding.verdict.problem);
    line.add("lookups", finding.verdict.lookups).add("void", finding.verdict.void_lookups);
    context_.log.write(line);
  }

  const Settings& settings_;
  const filters::SessionContext& context_;
  Engine engine_;
};

class Spf final : public filters::Filter {
 public:
  explicit Spf(Settings settings) : settings_(std::move(settings)) {}
  [[nodiscard]] filters::StageSet stages() const override { return {Stage::mail}; }
  [[nodiscard]] bool authenticates() const override { return true; }
  [[nodiscard]] std::unique_ptr<filters::FilterSession> open(
      const filters::SessionContext& context) const override {
    return std::make_unique<Session>(settings_, context);
  }

 private:
  Settings settings_;
};

class SpfBlueprint final : public filters::Blueprint, public filters::LimitedReach {
 public:
  void visit(SettingsVisitor& v) override { settings_.visit(v); }
  [[nodiscard]] Result<std::shared_ptr<const filters::Filter>> build(
      const filters::Filter*) const override {
    return std::make_shared<const Spf>(settings_);
  }
  [[nodiscard]] filters::Reach reach() const override {
    return {settings_.check_authenticated, settings_.check_internal};
  }
  // RFC 7208 section 4.6.4 wants 20 s at least for the look-ups alone.
  [[nodiscard]] std::optional<std::chrono::milliseconds> default_timeout() const override {
    return std::chrono::floor<std::chrono::milliseconds>(kMaxTime) + 1s;
  }

 private:
  Settings settings_;
};

}  // namespace

std::unique_ptr<filters::Blueprint> make_spf() { return std::make_unique<SpfBlueprint>(); }

}  // namespace sekisho::spf
