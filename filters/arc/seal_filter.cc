#include "filters/arc/seal_filter.h"

#include <utility>

#include "filters/arc/sealer.h"
#include "filters/dkim/body_digest.h"
#include "filters/dkim/sign_job.h"
#include "filters/domain_name.h"
#include "filters/reach.h"

namespace sekisho::arc {
namespace {

using filters::Stage;
using filters::View;

struct Rules {
  SealOptions options;
  dkim::PublicKey key;  // its private half is with the signer processes
  std::filesystem::path key_file;
};

class Session final : public filters::FilterSession {
 public:
  Session(const Rules& rules, const filters::SessionContext& context)
      : rules_(rules), context_(context) {}

  Task<filters::Verdict> check(Stage, View& view) override {
    if (view.outgoing == nullptr || view.message == nullptr) {
      throw filters::CheckFailed({ErrorKind::invalid, "no message to seal"});
    }
    // What our own users send is signed by DKIM: there is nobody before us to vouch for.
    if (view.envelope.submitted || !view.authentication.arc) co_return filters::Verdict::pass();
    const auto headers = mail::Headers::parse(view.outgoing->header_section);
    const Chain chain = read_chain(headers);
    const mail::AuthenticationResults results{.authserv_id = std::string(context_.authserv_id),
                                              .results = view.authentication.to_method_results()};
    const std::string status(mail::to_string(view.authentication.arc->result));
    auto sealer = Sealer::begin(headers, chain, status, results, rules_.options, view.now);
    if (!sealer) {
      count("none");
      co_return filters::Verdict::pass();
    }
    const auto body_hash = co_await dkim::body_digest(context_, *view.message, dkim::Form::relaxed);
    if (!body_hash) throw filters::CheckFailed(body_hash.error());
    const auto signature = co_await sign(sealer->message_signature(*body_hash).digest, view);
    const auto seal = co_await sign(sealer->seal(signature).digest, view);
    auto fields = sealer->finish(seal);
    view.outgoing->on_top.push_back(std::move(fields.results));
    view.outgoing->on_top.push_back(std::move(fields.signature));
    view.outgoing->on_top.push_back(std::move(fields.seal));
    count(status);
    co_return filters::Verdict::pass();
  }

 private:
  Task<std::string> sign(std::string digest, const View& view) {
    auto made =
        co_await dkim::sign_by_worker(context_, rules_.key, std::move(digest), view.envelope.id);
    if (!made) throw filters::CheckFailed(made.error());
    co_return std::move(*made);
  }
  void count(const std::string& chain) {
    context_.metrics
        .counter("arc_seals_total", "ARC seals made, by what they say of the chain before.",
                 {{"chain", chain}})
        .add();
  }

  const Rules& rules_;
  const filters::SessionContext& context_;
};

class ArcSeal final : public filters::Filter {
 public:
  explicit ArcSeal(Rules rules) : rules_(std::move(rules)) {}
  [[nodiscard]] filters::StageSet stages() const override { return {Stage::sign}; }
  [[nodiscard]] std::vector<worker::SetupItem> worker_setup(worker::Pool pool) const override {
    if (pool != worker::Pool::signer) return {};
    return {dkim::key_item(rules_.key_file, rules_.key)};
  }
  [[nodiscard]] std::unique_ptr<filters::FilterSession> open(
      const filters::SessionContext& context) const override {
    return std::make_unique<Session>(rules_, context);
  }

 private:
  Rules rules_;
};

class ArcSealBlueprint final : public filters::Blueprint, public filters::LimitedReach {
 public:
  void visit(SettingsVisitor& v) override {
    v.field("domain", domain_, "Our domain, in whose name we seal (d=); required.");
    v.field("selector", selector_,
            "The key's name in the DNS (s=), SELECTOR._domainkey.DOMAIN; required.");
    v.field("key", key_, "PEM file with the private key; required.");
    if (domain_.empty()) v.error("domain", "is missing");
    if (selector_.empty()) v.error("selector", "is missing");
    if (key_.empty()) v.error("key", "is missing");
    if (!domain_.empty() && !filters::to_a_labels(domain_)) {
      v.error("domain", "is no domain");
    } else if (!domain_.empty() && !selector_.empty() &&
               !filters::to_a_labels(selector_ + "._domainkey." + domain_)) {
      v.error("selector", "is no name that the DNS could hold before ._domainkey." + domain_);
    }
  }

  [[nodiscard]] Result<std::shared_ptr<const filters::Filter>> build(
      const filters::Filter*) const override {
    auto domain = filters::to_a_labels(domain_);
    if (!domain) return std::unexpected(std::move(domain.error()));
    auto key = dkim::read_public_half(key_);
    if (!key) return std::unexpected(std::move(key.error()));
    Rules rules{.options = {.algorithm = key->algorithm(),
                            .domain = std::move(*domain),
                            .selector = selector_},
                .key = *key,
                .key_file = key_};
    return std::make_shared<const ArcSeal>(std::move(rules));
  }
  [[nodiscard]] filters::Reach reach() const override { return {.authenticated = false}; }

 private:
  std::string domain_;
  std::string selector_;
  std::filesystem::path key_;
};

}  // namespace

std::unique_ptr<filters::Blueprint> make_arc_seal() { return std::make_unique<ArcSealBlueprint>(); }

}  // namespace sekisho::arc
