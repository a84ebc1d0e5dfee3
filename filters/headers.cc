#include "filters/headers.h"

#include <utility>

#include "filters/header_template.h"

namespace sekisho::filters {
namespace {

struct HeaderRules {
  std::vector<HeaderTemplate> add;
  std::vector<HeaderTemplate> replace;
  std::vector<std::string> remove;
  bool hide_client = false;
};

class HeadersSession final : public FilterSession {
 public:
  explicit HeadersSession(const HeaderRules& rules) : rules_(rules) {}

  Task<Verdict> check(Stage, View& view) override {
    if (rules_.hide_client) view.trace.hide_client = true;
    for (const std::string& name : rules_.remove) view.edits.remove(name);
    for (const HeaderTemplate& field : rules_.replace) {
      view.edits.replace(field.name(), field.fill(view.peer, view.envelope));
    }
    for (const HeaderTemplate& field : rules_.add) {
      view.edits.add(field.name(), field.fill(view.peer, view.envelope));
    }
    co_return Verdict::pass();
  }

 private:
  const HeaderRules& rules_;
};

class HeadersFilter final : public Filter {
 public:
  explicit HeadersFilter(HeaderRules rules) : rules_(std::move(rules)) {}
  [[nodiscard]] StageSet stages() const override { return {Stage::headers}; }
  [[nodiscard]] std::unique_ptr<FilterSession> open(const SessionContext&) const override {
    return std::make_unique<HeadersSession>(rules_);
  }

 private:
  HeaderRules rules_;
};

class HeadersBlueprint final : public Blueprint {
 public:
  void visit(SettingsVisitor& v) override {
    v.field("remove", remove_,
            "Names of fields to remove, every one of that name: [\"X-Mailer\"]. Not Received.");
    v.field("replace", replace_,
            "Fields as \"Name: value\" that take the place of all others of their name. {id}, "
            "{user}, {client} and {listener} are filled in; {{ is a brace.");
    v.field("add", add_, "Fields as \"Name: value\" to add, with the same placeholders.");
    v.field("hide_client", hide_client_,
            "Leave address and HELO name of authenticated clients out of our Received field.");
    for (const std::string& name : remove_) {
      if (std::string flaw = header_name_flaw(name); !flaw.empty()) v.error("remove", flaw);
    }
    check("replace", replace_, v);
    check("add", add_, v);
  }

  [[nodiscard]] Result<std::shared_ptr<const Filter>> build(const Filter*) const override {
    HeaderRules rules{.add = {}, .replace = {}, .remove = remove_, .hide_client = hide_client_};
    for (const std::string& name : remove_) {
      if (std::string flaw = header_name_flaw(name); !flaw.empty()) {
        return fail(ErrorKind::invalid, std::move(flaw));
      }
    }
    for (const auto& [texts, parsed] :
         {std::pair{&replace_, &rules.replace}, {&add_, &rules.add}}) {
      for (const std::string& text : *texts) {
        auto field = HeaderTemplate::parse(text);
        if (!field) return std::unexpected(field.error());
        parsed->push_back(std::move(*field));
      }
    }
    return std::make_shared<const HeadersFilter>(std::move(rules));
  }

 private:
  static void check(std::string_view key, const std::vector<std::string>& fields,
                    SettingsVisitor& v) {
    for (const std::string& text : fields) {
      if (auto field = HeaderTemplate::parse(text); !field) v.error(key, field.error().text);
    }
  }

  std::vector<std::string> remove_, replace_, add_;
  bool hide_client_ = false;
};

}  // namespace

std::unique_ptr<Blueprint> make_headers() { return std::make_unique<HeadersBlueprint>(); }

}  // namespace sekisho::filters
