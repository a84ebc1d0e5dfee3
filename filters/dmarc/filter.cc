#include "filters/dmarc/filter.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "filters/dmarc/check.h"
#include "filters/dmarc/forwarder.h"
#include "filters/dmarc/from_domain.h"
#include "filters/dmarc/policy.h"
#include "filters/domain_name.h"
#include "filters/reach.h"

namespace sekisho::dmarc {
namespace {

using filters::Stage;
using filters::View;
using mail::AuthResult;

constexpr const char* kTagField = "X-Sekisho-DMARC";
constexpr Duration kMaxTime = 15s;  // four look-ups at [dns] timeout
constexpr Duration kReserve = 1s;   // to say temperror before the check is cut

struct Settings {
  ActionSettings actions;
  bool check_authenticated = false;
  bool check_internal = false;
  std::vector<Network> allow_networks;
  std::vector<std::string> trusted_sealers;
  std::filesystem::path public_suffixes;

  void visit(SettingsVisitor& v);
};

void Settings::visit(SettingsVisitor& v) {
  actions.visit(v);
  v.field("check_authenticated", check_authenticated,
          "Whether users who logged in are checked, too.");
  v.field(
      "check_internal", check_internal,
      "Whether clients in relay.networks, and the devices of a legacy listener, are checked, too.");
  v.field("allow_networks", allow_networks,
          "Clients that are not checked: forwarders, a secondary MX.");
  v.field(
      "trusted_sealers", trusted_sealers,
      "Domains of forwarders and mailing lists whose ARC seals are believed: mail that fails here "
      "and of which such a seal says that it passed there is let pass. `arc` has to stand before "
      "in the list.");
  for (std::string& domain : trusted_sealers) {
    auto name = filters::to_a_labels(domain);
    if (name) {
      domain = std::move(*name);
    } else {
      v.error("trusted_sealers", "\"" + domain + "\" is no domain");
    }
  }
  v.field("public_suffixes", public_suffixes,
          "File with the public suffix list, as text or compiled; by default the newer one of the "
          "system's and of the one that libpsl brings. Read when the configuration is.");
}

// 0 to 99 by what a message keeps when it is tried again: who is let off by pct= is so each time.
unsigned sample_of(const mail::Headers& headers) {
  std::uint64_t hash = 14695981039346656037U;  // FNV-1a
  for (const std::string_view name :
       std::array<std::string_view, 3>{"From", "Date", "Message-ID"}) {
    const mail::HeaderField* field = headers.find(name);
    for (const char c : field == nullptr ? std::string_view() : field->value) {
      hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
    }
  }
  return static_cast<unsigned>((hash ^ (hash >> 32U)) % 100);
}

// In the words of a policy, for the header.
std::string_view disposition_word(Action action) {
  switch (action) {
    case Action::quarantine:
      return "quarantine";
    case Action::reject:
      return "reject";
    default:
      return "none";
  }
}

class Session final : public filters::FilterSession {
 public:
  Session(const Settings& settings, const PublicSuffixes& suffixes,
          const filters::SessionContext& context)
      : settings_(settings), suffixes_(suffixes), context_(context) {}

  Task<filters::Verdict> check(Stage, View& view) override {
    view.edits.remove(kTagField);  // only we mark
    if (is_exempt(view.peer)) co_return filters::Verdict::pass();
    if (view.message == nullptr) {
      throw filters::CheckFailed({ErrorKind::invalid, "no message to look at"});
    }
    const mail::Headers headers = view.message->headers();
    const auto from = from_domain(headers);
    if (!from) co_return judge_bad_from(view, from.error().text);
    const Query query{
        .from_domain = *from, .authentication = view.authentication, .sample = sample_of(headers)};
    const auto now = Clock::now();
    const Duration left = view.deadline.remaining(now);
    const auto deadline =
        Deadline::at(now + std::min(kMaxTime, left - std::min(left / 4, kReserve)));
    const auto found =
        co_await dmarc::check(context_.resolver, query, suffixes_, deadline, context_.cancel);
    if (!found) throw filters::CheckFailed(found.error());
    Verdict verdict = found->verdict;
    const bool vouched =
        verdict.result != AuthResult::pass && verdict.disposition != Policy::none &&
        vouched_for(headers, view.authentication, settings_.trusted_sealers, *from);
    if (vouched) {
      verdict.disposition = Policy::none;
      verdict.reason = "a trusted forwarder says that it passed there";
    }
    const Action action = vouched ? Action::pass : settings_.actions.action_for(verdict);
    note(view, verdict, *from, action);
    report(view, verdict, *from, action);
    if (vouched) co_return filters::Verdict::pass();
    if (action == Action::tag) {
      view.edits.add(kTagField, fmt::format("{} {}", mail::to_string(verdict.result),
                                            to_string(verdict.disposition)));
    }
    co_return settings_.actions.verdict_on(verdict, *from);
  }

 private:
  [[nodiscard]] bool is_exempt(const mail::Peer& peer) const {
    if (!peer.address_known) return true;
    if (peer.authenticated() && !settings_.check_authenticated) return true;
    if (peer.is_internal() && !settings_.check_internal) return true;
    return std::ranges::any_of(settings_.allow_networks, [&](const Network& network) {
      return network.contains(peer.remote.address);
    });
  }

  filters::Verdict judge_bad_from(View& view, const std::string& flaw) {
    const Action action = settings_.actions.for_bad_from();
    Verdict verdict;
    verdict.result = AuthResult::permerror;
    verdict.reason = flaw;
    note(view, verdict, "", action);
    report(view, verdict, "", action);
    if (action == Action::tag) view.edits.add(kTagField, "permerror none");
    return settings_.actions.verdict_on_bad_from(flaw);
  }

  static void note(View& view, const Verdict& verdict, const std::string& from, Action action) {
    mail::DmarcFact fact;
    fact.result = verdict.result;
    fact.from_domain = from;
    if (verdict.record) fact.policy = to_string(verdict.policy);
    if (verdict.result != AuthResult::pass && verdict.result != AuthResult::none) {
      fact.disposition = disposition_word(action);
    }
    fact.reason = verdict.reason;
    view.authentication.dmarc = std::move(fact);
  }

  void report(const View& view, const Verdict& verdict, const std::string& from, Action action) {
    const std::string result(mail::to_string(verdict.result));
    const std::string disposition(to_string(verdict.disposition));
    context_.metrics
        .counter("dmarc_results_total", "Results of DMARC and what the policy asks for.",
                 {{"result", result}, {"disposition", disposition}})
        .add();
    const bool quiet = action == Action::pass && verdict.result != AuthResult::fail &&
                       verdict.result != AuthResult::temperror;
    const LogLevel level = quiet ? LogLevel::debug : LogLevel::info;
    if (!context_.log.enabled(level)) return;
    LogLine line("dmarc", level);
    line.src(view.peer.remote).add("id", view.envelope.id).add("result", result);
    if (!from.empty()) line.add("from", from);
    if (verdict.record) {
      line.add("record", verdict.record_domain).add("policy", to_string(verdict.policy));
      line.add("disposition", disposition);
    }
    if (!verdict.reason.empty()) line.add("reason", verdict.reason);
    context_.log.write(line);
  }

  const Settings& settings_;
  const PublicSuffixes& suffixes_;
  const filters::SessionContext& context_;
};

class Dmarc final : public filters::Filter {
 public:
  Dmarc(Settings settings, PublicSuffixes suffixes)
      : settings_(std::move(settings)), suffixes_(std::move(suffixes)) {}
  [[nodiscard]] filters::StageSet stages() const override { return {Stage::end}; }
  [[nodiscard]] bool authenticates() const override { return true; }
  [[nodiscard]] std::unique_ptr<filters::FilterSession> open(
      const filters::SessionContext& context) const override {
    return std::make_unique<Session>(settings_, suffixes_, context);
  }

 private:
  Settings settings_;
  PublicSuffixes suffixes_;
};

class DmarcBlueprint final : public filters::Blueprint, public filters::LimitedReach {
 public:
  void visit(SettingsVisitor& v) override { settings_.visit(v); }
  [[nodiscard]] Result<std::shared_ptr<const filters::Filter>> build(
      const filters::Filter*) const override {
    auto suffixes = PublicSuffixes::open(settings_.public_suffixes);
    if (!suffixes) return std::unexpected(std::move(suffixes.error()));
    return std::make_shared<const Dmarc>(settings_, std::move(*suffixes));
  }
  [[nodiscard]] filters::Reach reach() const override {
    return {settings_.check_authenticated, settings_.check_internal};
  }
  [[nodiscard]] std::optional<std::chrono::milliseconds> default_timeout() const override {
    return std::chrono::duration_cast<std::chrono::milliseconds>(kMaxTime + kReserve);
  }

 private:
  Settings settings_;
};

}  // namespace

std::unique_ptr<filters::Blueprint> make_dmarc() { return std::make_unique<DmarcBlueprint>(); }

}  // namespace sekisho::dmarc
