#include "filters/example.h"

#include <algorithm>
#include <utility>

#include "gateway/smtp/address.h"

namespace sekisho::filters {
namespace {

// 1. What the administrator writes in [filter.NAME], read by ExampleBlueprint::visit() below.
struct ExampleSettings {
  std::vector<std::string> refuse_domains;
  std::string text = "mail from this domain is not accepted here";
};

// The decision by itself, free of coroutines, so that it is easy to read and to test.
bool is_at_or_below(std::string_view domain, std::string_view listed) {
  if (domain == listed) return true;
  return domain.size() > listed.size() && domain.ends_with(listed) &&
         domain[domain.size() - listed.size() - 1] == '.';
}

// 2. One connection's half. It lives on one thread and may keep what it learns from stage to stage
//    in members. This one needs nothing but the settings, which outlive it.
class ExampleSession final : public FilterSession {
 public:
  explicit ExampleSession(const ExampleSettings& settings) : settings_(settings) {}

  // Called for each stage named in stages(). A filter that has to wait (a look-up, a socket) does
  // it with `co_await` and the CancelSource of its SessionContext; one that can't judge throws
  // CheckFailed, and the administrator's on_error decides what that means.
  Task<Verdict> check(Stage, View& view) override {
    // The null sender <> has no domain: bounces are not refused by a list of domains.
    if (!view.envelope.sender) co_return Verdict::pass();
    const std::string& domain = view.envelope.sender->domain;  // lower case already
    for (const std::string& listed : settings_.refuse_domains) {
      if (!is_at_or_below(domain, listed)) continue;
      // The reply is for the client; the reason, which may say more, is for the log.
      co_return Verdict::reject(smtp::Reply::of(550, "5.7.1", settings_.text),
                                "sender domain " + domain + " is listed as " + listed);
    }
    co_return Verdict::pass();
  }

 private:
  const ExampleSettings& settings_;
};

// 3. The configured half: const, shared by all connections and threads.
class Example final : public Filter {
 public:
  explicit Example(ExampleSettings settings) : settings_(std::move(settings)) {}
  [[nodiscard]] StageSet stages() const override { return {Stage::mail}; }
  [[nodiscard]] std::unique_ptr<FilterSession> open(const SessionContext&) const override {
    return std::make_unique<ExampleSession>(settings_);
  }

 private:
  ExampleSettings settings_;
};

// 4. From settings to filter. visit() names each setting once, with the sentence that documents it,
//    and reports wrong values at the place where they stand in the file.
class ExampleBlueprint final : public Blueprint {
 public:
  void visit(SettingsVisitor& v) override {
    v.field("refuse_domains", settings_.refuse_domains,
            "Sender domains to refuse, each with all below it: \"spam.example\".");
    for (std::string& domain : settings_.refuse_domains) {
      auto parsed = smtp::parse_domain(domain);
      if (parsed) {
        domain = std::move(*parsed);  // lower-cased, as the envelope has it
      } else {
        v.error("refuse_domains", "\"" + domain + "\" is not a domain: " + parsed.error().text);
      }
    }
    v.field("text", settings_.text, "What the client is told after \"550 5.7.1\".");
    const bool plain =
        std::ranges::all_of(settings_.text, [](char c) { return c >= ' ' && c <= '~'; });
    if (settings_.text.empty() || !plain) v.error("text", "must be printable ASCII, not empty");
  }

  [[nodiscard]] Result<std::shared_ptr<const Filter>> build(const Filter*) const override {
    return std::make_shared<const Example>(settings_);
  }

 private:
  ExampleSettings settings_;
};

}  // namespace

std::unique_ptr<Blueprint> make_example() { return std::make_unique<ExampleBlueprint>(); }

}  // namespace sekisho::filters
