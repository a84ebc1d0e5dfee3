#include "filters/spf/outgoing.h"

#include <algorithm>
#include <utility>

#include "filters/spf/budget.h"
#include "filters/spf/check.h"
#include "filters/spf/names.h"
#include "filters/spf/recently.h"

namespace sekisho::spf {
namespace {

// A user waits no longer for a warning that is somebody else's.
constexpr Duration kMostForOneSender = 3s;

struct OutgoingSettings {
  std::vector<std::string> addresses;
  std::string helo;

  [[nodiscard]] std::vector<IpAddress> parsed() const {
    std::vector<IpAddress> all;
    for (const std::string& text : addresses)
      if (const auto address = IpAddress::parse(text)) all.push_back(*address);
    return all;
  }
};

struct Shared {
  std::vector<IpAddress> addresses;
  std::string helo;  // empty: our hostname
  std::function<TimePoint()> now;
  std::shared_ptr<Recently> recently;
};

class Session final : public filters::FilterSession {
 public:
  Session(const Shared& shared, const filters::SessionContext& context)
      : shared_(shared), context_(context) {}

  Task<filters::Verdict> check(filters::Stage, filters::View& view) override {
    const auto& sender = view.envelope.sender;
    const bool ours = view.peer.authenticated() || view.peer.is_internal();
    if (!ours || !sender) co_return filters::Verdict::pass();
    const std::string domain = normal_name(ascii_name(sender->domain));
    if (!is_domain(domain) || !shared_.recently->take_turn(domain, shared_.now()))
      co_return filters::Verdict::pass();
    const Deadline deadline = budget(view.deadline, kMostForOneSender);
    for (const IpAddress& address : shared_.addresses) {
      const auto seconds = std::chrono::floor<std::chrono::seconds>(view.now.time_since_epoch());
      const std::string helo = shared_.helo.empty() ? std::string(context_.hostname) : shared_.helo;
      auto checked = co_await spf::check(context_.resolver,
                                         {.client = address,
                                          .helo = helo,
                                          .identity = sender->local + '@' + domain,
                                          .receiver = std::string(context_.hostname),
                                          .timestamp = std::to_string(seconds.count())},
                                         deadline, context_.cancel);
      if (!checked) break;  // the session ends
      report(view, domain, address, checked->verdict);
    }
    co_return filters::Verdict::pass();
  }

 private:
  void report(const filters::View& view, const std::string& domain, const IpAddress& address,
              const Verdict& verdict) {
    const std::string result(to_string(verdict.outcome));
    context_.metrics
        .counter("spf_outgoing_total",
                 "Results of SPF for our own outgoing addresses, by sender domain and hour.",
                 {{"result", result}})
        .add();
    if (verdict.outcome == Outcome::pass || verdict.outcome == Outcome::none) return;
    LogLine line("spf_outgoing", LogLevel::warning);
    line.src(view.peer.remote).add("id", view.envelope.id);
    if (!view.peer.user.empty()) line.add("user", view.peer.user);
    line.add("domain", domain).add("address", address.to_string()).add("result", result);
    if (!verdict.mechanism.empty()) line.add("mechanism", verdict.mechanism);
    if (!verdict.problem.empty()) line.add("problem", verdict.problem);
    line.add("hint",
             "receivers may refuse this domain's mail from here: its SPF record should "
             "name the address");
    context_.log.write(line);
  }

  const Shared& shared_;
  const filters::SessionContext& context_;
};

class Outgoing final : public filters::Filter {
 public:
  explicit Outgoing(Shared shared) : shared_(std::move(shared)) {}
  [[nodiscard]] filters::StageSet stages() const override { return {filters::Stage::mail}; }
  [[nodiscard]] std::unique_ptr<filters::FilterSession> open(
      const filters::SessionContext& context) const override {
    return std::make_unique<Session>(shared_, context);
  }
  [[nodiscard]] const Shared& shared() const { return shared_; }

 private:
  Shared shared_;
};

class OutgoingBlueprint final : public filters::Blueprint {
 public:
  explicit OutgoingBlueprint(std::function<TimePoint()> now) : now_(std::move(now)) {}

  void visit(SettingsVisitor& v) override {
    v.field("addresses", settings_.addresses,
            "The addresses that our mail leaves from, as the world sees them: "
            "[\"192.0.2.25\", \"2001:db8::25\"]; required.");
    v.field("helo", settings_.helo,
            "The name by which our mail leaves, for records that use it; by default the hostname.");
    for (const std::string& text : settings_.addresses)
      if (!IpAddress::parse(text)) v.error("addresses", "\"" + text + "\" is no IP address");
    if (settings_.addresses.empty())
      v.error("addresses", "is missing: say from which addresses our mail leaves");
  }

  [[nodiscard]] Result<std::shared_ptr<const filters::Filter>> build(
      const filters::Filter* previous) const override {
    if (settings_.addresses.empty())
      return fail(ErrorKind::invalid, "addresses: say from which addresses our mail leaves");
    const auto* before = dynamic_cast<const Outgoing*>(previous);
    const auto addresses = settings_.parsed();
    // With other addresses, what was found out counts no more.
    const bool same = before != nullptr && before->shared().addresses == addresses;
    return std::make_shared<const Outgoing>(
        Shared{.addresses = addresses,
               .helo = settings_.helo,
               .now = now_,
               .recently = same ? before->shared().recently : std::make_shared<Recently>()});
  }

 private:
  std::function<TimePoint()> now_;
  OutgoingSettings settings_;
};

}  // namespace

std::unique_ptr<filters::Blueprint> make_spf_outgoing(std::function<TimePoint()> now) {
  return std::make_unique<OutgoingBlueprint>(std::move(now));
}

}  // namespace sekisho::spf
