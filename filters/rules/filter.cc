#include "filters/rules/filter.h"

#include <filesystem>
#include <utility>

#include "filters/rules/rule_book.h"
#include "filters/rules/session.h"

namespace sekisho::filters {
namespace {

using rule::RuleBook;
using Kind = ::sekisho::rules::ast::Action::Kind;
using RuleStage = ::sekisho::rules::Stage;

class Rules final : public Filter {
 public:
  Rules(std::shared_ptr<const RuleBook> book, std::string name)
      : book_(std::move(book)), name_(std::move(name)) {}

  // `mail` always: there a transaction begins.
  [[nodiscard]] StageSet stages() const override {
    StageSet wanted{Stage::mail};
    const auto& program = *book_->program;
    const auto add = [&](RuleStage at, Stage stage) {
      if (program.has_work_at(at)) wanted.add(stage);
    };
    add(RuleStage::connect, Stage::connect);
    add(RuleStage::helo, Stage::helo);
    add(RuleStage::auth, Stage::auth);
    add(RuleStage::rcpt, Stage::rcpt);
    add(RuleStage::message, Stage::end);
    if (book_->order) wanted.add(Stage::end);  // the outcome may ask for it
    if (book_->acts_by(Kind::sign)) wanted.add(Stage::sign);
    return wanted;
  }
  [[nodiscard]] bool may_discard() const override { return book_->acts_by(Kind::discard); }
  [[nodiscard]] bool wants_answers() const override { return book_->wants_outcome(); }
  [[nodiscard]] std::vector<std::string_view> judges_by() const override {
    std::vector<std::string_view> filters;
    if (book_->asks_for("spf")) filters.emplace_back("spf");
    if (book_->asks_for("dkim") || book_->asks_for("dkim.domain")) filters.emplace_back("dkim");
    if (book_->asks_for("dmarc")) filters.emplace_back("dmarc");
    return filters;
  }
  [[nodiscard]] std::vector<worker::SetupItem> worker_setup(worker::Pool pool) const override {
    if (pool == worker::Pool::signer) return book_->keys.items();
    if (!book_->order) return {};
    return {{.kind = std::string(rule::kPlanItem), .content = book_->order->plan()}};
  }
  [[nodiscard]] Result<std::vector<std::string>> reload_changed_files() const override {
    return book_->look_at_files();
  }
  [[nodiscard]] const RuleBook& book() const { return *book_; }
  [[nodiscard]] std::unique_ptr<FilterSession> open(const SessionContext& context) const override {
    return std::make_unique<rule::RulesSession>(book_, name_, context);
  }

 private:
  std::shared_ptr<const RuleBook> book_;
  std::string name_;
};

class RulesBlueprint final : public Blueprint {
 public:
  void visit(SettingsVisitor& v) override {
    name_ = v.table_name();
    v.field("file", file_,
            "The rule file (docs/rules.md); others by its `include`. Required. Its lists, and the "
            "files that it names, lie beside it.");
    if (file_.empty()) v.error("file", "is missing");
  }
  void stand_in(const Surroundings& surroundings) override { surroundings_ = surroundings; }

  [[nodiscard]] Result<std::shared_ptr<const Filter>> build(const Filter* previous) const override {
    const auto* before = dynamic_cast<const Rules*>(previous);
    auto book = RuleBook::load(file_, surroundings_, before != nullptr ? &before->book() : nullptr);
    if (!book) return std::unexpected(std::move(book.error()));
    return std::make_shared<const Rules>(std::move(*book), name_);
  }

 private:
  std::string name_;
  std::filesystem::path file_;
  Surroundings surroundings_;
};

}  // namespace

std::unique_ptr<Blueprint> make_rules() { return std::make_unique<RulesBlueprint>(); }

}  // namespace sekisho::filters
