// What a filter needs around it to be tried: a loop, a session's peer and envelope, a log in
// memory; and a SettingsVisitor that gives a blueprint the values of a test.
#pragma once

#include <any>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "filters/catalog.h"
#include "filters/chain.h"
#include "filters/worker_jobs.h"
#include "tests/support/direct_workers.h"

namespace sekisho::filters::testing {

class TestSettings : public SettingsVisitor {
 public:
  explicit TestSettings(std::map<std::string, std::any> values = {}) : values_(std::move(values)) {}

  void field(std::string_view key, bool& value, std::string_view doc) override {
    take(key, value, doc);
  }
  void field(std::string_view key, std::int64_t& value, std::string_view doc, std::int64_t,
             std::int64_t) override {
    take(key, value, doc);
  }
  void field(std::string_view key, Bytes& value, std::string_view doc) override {
    take(key, value, doc);
  }
  void field(std::string_view key, std::chrono::milliseconds& value,
             std::string_view doc) override {
    take(key, value, doc);
  }
  void field(std::string_view key, std::string& value, std::string_view doc) override {
    take(key, value, doc);
  }
  void field(std::string_view key, std::vector<std::string>& value, std::string_view doc) override {
    take(key, value, doc);
  }
  void field(std::string_view key, std::filesystem::path& value, std::string_view doc) override {
    take(key, value, doc);
  }
  void field(std::string_view key, std::vector<Network>& value, std::string_view doc) override {
    take(key, value, doc);
  }
  void table(std::string_view, std::string_view,
             const std::function<void(SettingsVisitor&)>& visit) override {
    visit(*this);
  }
  void error(std::string_view key, std::string message) override {
    errors.push_back(std::string(key) + ": " + message);
  }
  [[nodiscard]] bool is_set(std::string_view key) const override {
    return values_.contains(std::string(key));
  }

  std::vector<std::string> errors;
  std::map<std::string, std::string> docs;
  std::map<std::string, std::map<std::string, std::any>> named;  // tables with names

 protected:
  void choice_index(std::string_view key, std::size_t& index,
                    const std::vector<std::string_view>& words, std::string_view doc) override {
    std::string word(words[index]);
    take(key, word, doc);
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (words[i] == word) index = i;
    }
  }
  void named_tables(
      std::string_view, const std::vector<std::string>& existing, std::string_view,
      const std::function<void(const std::string& name, SettingsVisitor&)>& visit) override {
    for (const std::string& name : existing) visit(name, *this);
    for (const auto& [name, values] : named) {
      TestSettings one(values);
      visit(name, one);
      for (const std::string& error : one.errors) errors.push_back(name + "." + error);
    }
  }

 private:
  template <class T>
  void take(std::string_view key, T& value, std::string_view doc) {
    docs[std::string(key)] = doc;
    if (auto it = values_.find(std::string(key)); it != values_.end()) {
      value = std::any_cast<T>(it->second);
    }
  }
  std::map<std::string, std::any> values_;
};

// The filter made by `blueprint` with these settings; the test fails where they are wrong.
inline std::shared_ptr<const Filter> build(Blueprint& blueprint,
                                           std::map<std::string, std::any> values = {},
                                           const Filter* previous = nullptr) {
  TestSettings settings(std::move(values));
  blueprint.visit(settings);
  if (!settings.errors.empty()) throw std::runtime_error(settings.errors.front());
  auto built = blueprint.build(previous);
  if (!built) throw std::runtime_error(built.error().text);
  return *built;
}

inline std::vector<std::string> setting_errors(Blueprint& blueprint,
                                               std::map<std::string, std::any> values) {
  TestSettings settings(std::move(values));
  blueprint.visit(settings);
  return settings.errors;
}

class Bench {
 public:
  // Asks nobody but `dns`; by default where nothing listens.
  explicit Bench(dns::DnsSettings dns_settings = {.servers = {"127.0.0.1:9"}})
      : dns(std::move(dns_settings)) {
    peer.remote = *Endpoint::parse("192.0.2.7:4711");
    peer.listener = "mx";
    peer.session_id = "S1";
    peer.helo = "client.example";
    envelope.id = "S1.1";
    envelope.sender = *smtp::parse_mailbox("alice@example.com");
  }

  SessionContext context() {
    return {.loop = loop,
            .offload = offload,
            .resolver = *resolver,
            .workers = workers,
            .log = *log,
            .metrics = metrics,
            .hostname = "gateway.example.com",
            .authserv_id = "gateway.example.com",
            .cancel = cancel};
  }
  View view() {
    return {.peer = peer,
            .envelope = envelope,
            .recipient = recipient,
            .message = message,
            .edits = edits,
            .trace = trace,
            .wishes = wishes,
            .authentication = authentication,
            .now = now,
            .outgoing = outgoing};
  }

  // One connection's run through one filter or several.
  std::unique_ptr<ChainRun> open(std::vector<Link> links) {
    return std::make_unique<ChainRun>(std::make_shared<const Chain>(std::move(links)), context());
  }
  std::unique_ptr<ChainRun> open(std::shared_ptr<const Filter> filter) {
    std::vector<Link> links;
    links.push_back({.name = "it", .filter = std::move(filter), .settings = {}});
    return open(std::move(links));
  }
  ChainRun::Outcome run(ChainRun& chain_run, Stage stage) {
    View seen = view();
    return loop.run_until_done(chain_run.run(stage, seen));
  }
  // As the gateway does it before a session has the filter.
  Result<void> set_up_signers(const Filter& filter) {
    return loop.run_until_done(
        workers.set_up(loop, worker::Pool::signer,
                       worker::encode_setup(filter.worker_setup(worker::Pool::signer)), cancel));
  }
  double counted(const std::string& name, const Metrics::Labels& labels) {
    return metrics.counter(name, "", labels).value();
  }

  dns::DnsSettings dns;
  Loop loop;
  Offload offload{1, 16};
  CancelSource cancel;
  std::unique_ptr<Log> log = Log::in_memory();
  Metrics metrics;
  std::unique_ptr<dns::Resolver> resolver = dns::Resolver::open(loop, dns, metrics).value();
  mail::Peer peer;
  mail::Envelope envelope;
  const smtp::Mailbox* recipient = nullptr;
  const mail::Message* message = nullptr;
  mail::HeaderEdits edits;
  Trace trace;
  Wishes wishes;
  mail::Authentication authentication;
  test::DirectWorkers workers{worker_handlers()};
  WallTime now{};
  Outgoing* outgoing = nullptr;
};

// A filter that is a function of the test's.
class Scripted final : public Filter {
 public:
  using Check = std::function<Task<Verdict>(Stage, View&, const SessionContext&)>;
  using Ended = std::function<void(const mail::Envelope&, const Ending&)>;

  explicit Scripted(Check check, StageSet stages = {Stage::mail, Stage::end}, Ended ended = {})
      : check_(std::move(check)), ended_(std::move(ended)), stages_(stages) {}

  [[nodiscard]] StageSet stages() const override { return stages_; }
  [[nodiscard]] std::unique_ptr<FilterSession> open(const SessionContext& context) const override {
    ++opened;
    return std::make_unique<Half>(*this, context);
  }

  [[nodiscard]] bool may_discard() const override { return discards; }

  mutable int opened = 0;
  bool discards = false;

 private:
  class Half final : public FilterSession {
   public:
    Half(const Scripted& filter, const SessionContext& context)
        : filter_(filter), context_(context) {}
    Task<Verdict> check(Stage stage, View& view) override {
      return filter_.check_(stage, view, context_);
    }
    void ended(const mail::Envelope& envelope, const Ending& ending) override {
      if (filter_.ended_) filter_.ended_(envelope, ending);
    }

   private:
    const Scripted& filter_;
    SessionContext context_;
  };

  Check check_;
  Ended ended_;
  StageSet stages_;
};

}  // namespace sekisho::filters::testing
