#include "filters/dkim/sign_filter.h"

#include <algorithm>
#include <utility>

#include "filters/dkim/author.h"
#include "filters/dkim/body_digest.h"
#include "filters/dkim/sign_job.h"
#include "filters/dkim/signer.h"
#include "filters/domain_name.h"

namespace sekisho::filters {
namespace {

enum class Identity : std::uint8_t { none, domain, from };

struct SignRules {
  dkim::KeyTable keys;
  dkim::Canonicalization canonicalization;
  Identity identity = Identity::none;
  bool timestamp = true;
  std::chrono::seconds lifetime{0};
};

std::string identity_for(Identity kind, const smtp::Mailbox& author, const dkim::TableKey& key) {
  if (kind == Identity::none) return {};
  // i= is of the signing domain or below it (section 3.5), in the form that DNS has.
  const auto domain = to_a_labels(author.domain);
  if (!domain) return {};
  const std::string at = "@" + (kind == Identity::domain ? key.domain : *domain);
  if (kind == Identity::domain || author.is_internationalized()) return at;
  const std::string address = author.to_string();
  return dkim::encode_quoted_printable(address.substr(0, address.rfind('@'))) + at;
}

class SignSession final : public FilterSession {
 public:
  SignSession(const SignRules& rules, const SessionContext& context)
      : rules_(rules), context_(context) {}

  Task<Verdict> check(Stage, View& view) override {
    if (view.outgoing == nullptr || view.message == nullptr)
      throw CheckFailed({ErrorKind::invalid, "no message to sign"});
    if (!view.envelope.submitted) co_return Verdict::pass();
    const std::string& section = view.outgoing->header_section;
    const auto headers = mail::Headers::parse(section);
    const auto author = dkim::author_of(headers, section);
    if (!author) co_return unsigned_because("no_clear_author");
    const auto keys = rules_.keys.find(author->domain);
    if (keys.empty()) co_return unsigned_because("no_key");
    const auto names = dkim::fields_to_sign(headers);
    if (names.empty()) co_return unsigned_because("too_many_fields");
    if (view.outgoing->sender_is_foreign) co_return unsigned_because("foreign_author");

    const auto body_hash =
        co_await dkim::body_digest(context_, *view.message, rules_.canonicalization.body);
    if (!body_hash) throw CheckFailed(body_hash.error());
    std::vector<std::string> fields;
    for (const dkim::TableKey* key : keys) {
      auto made = dkim::prepare(headers, names, *body_hash, options_for(*key, *author), view.now);
      const auto signature = co_await dkim::sign_by_worker(
          context_, key->public_key, std::move(made.digest), view.envelope.id);
      if (!signature) throw CheckFailed(signature.error());
      fields.push_back(dkim::finished(std::move(made.field), *signature));
      context_.metrics
          .counter("dkim_signatures_total", "DKIM signatures made.",
                   {{"algorithm", std::string(to_string(key->public_key.algorithm()))}})
          .add();
    }
    for (std::string& field : fields) view.outgoing->on_top.push_back(std::move(field));
    co_return Verdict::pass();
  }

 private:
  Verdict unsigned_because(const std::string& reason) {
    context_.metrics
        .counter("dkim_unsigned_total", "Messages of our own that went up without a signature.",
                 {{"reason", reason}})
        .add();
    return Verdict::pass();
  }
  [[nodiscard]] dkim::SignatureOptions options_for(const dkim::TableKey& key,
                                                   const smtp::Mailbox& author) const {
    return {.algorithm = key.public_key.algorithm(),
            .canonicalization = rules_.canonicalization,
            .domain = key.domain,
            .selector = key.selector,
            .identity = identity_for(rules_.identity, author, key),
            .timestamp = rules_.timestamp,
            .lifetime = rules_.lifetime};
  }

  const SignRules& rules_;
  SessionContext context_;
};

class SignFilter final : public Filter {
 public:
  explicit SignFilter(SignRules rules) : rules_(std::move(rules)) {}
  [[nodiscard]] StageSet stages() const override { return {Stage::sign}; }
  [[nodiscard]] std::vector<worker::SetupItem> worker_setup(worker::Pool pool) const override {
    std::vector<worker::SetupItem> items;
    if (pool != worker::Pool::signer) return items;
    for (const dkim::TableKey& key : rules_.keys.keys())
      if (key.active) items.push_back(dkim::key_item(key.file, key.public_key));
    return items;
  }
  [[nodiscard]] std::unique_ptr<FilterSession> open(const SessionContext& context) const override {
    return std::make_unique<SignSession>(rules_, context);
  }

 private:
  SignRules rules_;
};

class SignBlueprint final : public Blueprint {
 public:
  void visit(SettingsVisitor& v) override {
    v.tables("key", keys_, "The keys that sign, and those that are to come or were replaced.");
    v.choice("canonicalization", canonicalization_,
             {{"relaxed/relaxed", {dkim::Form::relaxed, dkim::Form::relaxed}},
              {"relaxed/simple", {dkim::Form::relaxed, dkim::Form::simple}},
              {"simple/relaxed", {dkim::Form::simple, dkim::Form::relaxed}},
              {"simple/simple", {dkim::Form::simple, dkim::Form::simple}}},
             "How header and body are normalized before they are hashed (c=): what the servers on "
             "the way do to blanks and folds, relaxed forgives.");
    v.choice("identity", identity_,
             {{"none", Identity::none}, {"domain", Identity::domain}, {"from", Identity::from}},
             "Whom the signature names besides the domain (i=): nobody, @DOMAIN, or the address in "
             "From.");
    v.field("timestamp", timestamp_, "Say when it was signed (t=).");
    v.field("lifetime", lifetime_,
            "How long the signature is valid (x=), for example \"7d\"; \"0s\": without end.");
    if (lifetime_.count() != 0 && lifetime_ < std::chrono::hours(1))
      v.error("lifetime", "must be \"0s\" or at least \"1h\": mail may be on its way for days");
  }

  [[nodiscard]] Result<std::shared_ptr<const Filter>> build(const Filter*) const override {
    auto table = dkim::KeyTable::create(keys_);
    if (!table) return std::unexpected(std::move(table.error()));
    return std::make_shared<const SignFilter>(
        SignRules{.keys = std::move(*table),
                  .canonicalization = canonicalization_,
                  .identity = identity_,
                  .timestamp = timestamp_,
                  .lifetime = std::chrono::duration_cast<std::chrono::seconds>(lifetime_)});
  }

  // A large body is hashed after the client's dot, on a machine that may be busy.
  [[nodiscard]] std::optional<std::chrono::milliseconds> default_timeout() const override {
    return 30s;
  }

  [[nodiscard]] const std::map<std::string, dkim::KeySettings>& keys() const { return keys_; }

 private:
  std::map<std::string, dkim::KeySettings> keys_;
  dkim::Canonicalization canonicalization_{dkim::Form::relaxed, dkim::Form::relaxed};
  Identity identity_ = Identity::none;
  bool timestamp_ = true;
  std::chrono::milliseconds lifetime_{0};
};

}  // namespace

std::unique_ptr<Blueprint> make_dkim_sign() { return std::make_unique<SignBlueprint>(); }

const std::map<std::string, dkim::KeySettings>* dkim_keys_of(const Blueprint& blueprint) {
  const auto* ours = dynamic_cast<const SignBlueprint*>(&blueprint);
  return ours != nullptr ? &ours->keys() : nullptr;
}

}  // namespace sekisho::filters
