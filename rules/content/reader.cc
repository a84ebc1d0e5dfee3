#include "rules/content/reader.h"

#include <array>
#include <variant>

#include "gateway/mail/headers.h"
#include "rules/content/deception.h"
#include "rules/content/header_values.h"
#include "rules/content/numbers.h"
#include "rules/content/parts.h"
#include "rules/content/texts.h"
#include "rules/content/values_of.h"

namespace sekisho::rules::content {
namespace {

struct Large {
  std::string_view name;
  bool there = false;
  std::string_view text;
  Want home;
  Whole Findings::* whole;
};

class Reader {
 public:
  Reader(std::string_view message, const Plan& plan, Matchers& matchers,
         const mail::MimeLimits& limits)
      : message_(message), plan_(plan), matchers_(matchers), limits_(limits) {}

  Result<Findings> read() {
    found_.size = message_.size();
    mail::HeaderScanner scanner;
    const std::string_view section = message_.substr(0, scanner.feed(message_));
    const auto headers = mail::Headers::parse(section);
    if (auto done = read_headers(headers, plan_, found_); !done)
      return std::unexpected(done.error());
    if (plan_.wants(Want::hash)) found_.hash = sha256_hex(message_.substr(section.size()));
    if (wants_text() || wants_parts()) {
      if (auto done = read_parts(); !done) return std::unexpected(done.error());
    }
    find_numbers(headers);
    if (plan_.wants(Want::disguises)) find_disguises();
    take_home();
    answer();
    return std::move(found_);
  }

 private:
  [[nodiscard]] bool wants_text() const {
    for (const Want want :
         {Want::text, Want::html, Want::source, Want::urls, Want::cards, Want::ibans}) {
      if (plan_.wants(want)) return true;
    }
    return false;
  }
  [[nodiscard]] bool wants_parts() const {
    return plan_.wants(Want::parts) || plan_.wants(Want::part_hash);
  }

  Result<void> read_parts() {
    const auto view = mail::MimeView::parse_text(message_, limits_, mail::MimeView::Bodies::keep);
    if (!view.complete) return fail(ErrorKind::limit, view.incomplete_reason);
    if (wants_parts()) {
      auto parts = parts_of(view, message_, plan_.wants(Want::part_hash));
      if (!parts) return std::unexpected(parts.error());
      found_.parts = std::move(*parts);
    }
    if (wants_text()) {
      auto texts = texts_of(view, message_, plan_);
      if (!texts) return std::unexpected(texts.error());
      texts_ = std::move(*texts);
      found_.urls = std::move(texts_.urls);
    }
    return {};
  }

  void find_disguises() {
    for (Url& url : found_.urls) {
      if (!url.domain && !url.scheme.starts_with("http")) continue;
      url.misleading = is_misleading_link(url.text, url.domain.value_or(""));
      url.lookalike = is_lookalike(url.domain.value_or(""));
    }
    for (auto* addresses :
         {&found_.from, &found_.to, &found_.cc, &found_.reply_to, &found_.sender}) {
      for (Address& address : *addresses)
        address.misleading = address.name && is_misleading_name(*address.name, address.domain);
    }
  }

  // In the subject too: a reader sees it with the text.
  void find_numbers(const mail::Headers& headers) {
    const bool cards = plan_.wants(Want::cards);
    const bool ibans = plan_.wants(Want::ibans);
    if (!cards && !ibans) return;
    std::string subject;
    if (const auto* field = headers.find("Subject")) subject = decoded_value(field->value);
    for (const std::string_view text : {std::string_view(subject), std::string_view(texts_.text)}) {
      if (cards) find_cards(text, found_.cards);
      if (ibans) find_ibans(text, found_.ibans);
    }
    for (std::string& card : found_.cards) card = masked_card(card);
    for (std::string& iban : found_.ibans) iban = masked_iban(iban);
  }

  void take_home() {
    large_ = {Large{"text", texts_.has_text, texts_.text, Want::text_home, &Findings::text},
              Large{"html", texts_.has_html, texts_.html, Want::html_home, &Findings::html},
              Large{"source", texts_.has_text, texts_.source, Want::source_home, &Findings::source},
              Large{"raw", true, message_, Want::raw_home, &Findings::raw}};
    for (const Large& one : large_) {
      Whole& whole = found_.*one.whole;
      whole.there = one.there;
      if (one.there && plan_.wants(one.home) && one.text.size() <= kMaxHome) whole.home = one.text;
    }
  }

  void answer() {
    found_.answers.resize(plan_.atoms().size());
    const auto attachments = attachments_of(found_);
    for (const Target& target : matchers_.targets()) {
      const bool attached = target.value.starts_with("attachment.");
      const std::size_t items = items_of(found_, target);
      for (std::size_t item = 0; item < items; ++item)
        ask(target, item, attached ? attachments[item] : item);
    }
  }

  void ask(const Target& target, std::size_t item, std::size_t place) {
    values_.clear();
    for (const Large& one : large_) {
      if (one.name == target.value && one.there) values_.push_back(one.text);
    }
    facts_.clear();
    if (target.value == "header") {
      append_header(found_, plan_, target.of, facts_);
    } else if (const ValueInfo* value = find_value(target.value)) {
      if (values_.empty()) append_values(found_, *value, find_value(target.of), place, facts_);
    }
    for (const engine::Fact& fact : facts_) {
      if (const auto* text = std::get_if<std::string_view>(&fact)) values_.push_back(*text);
    }
    for (const auto& [atom, answer] : matchers_.ask(target, values_)) {
      Answers& answers = found_.answers[atom];
      if (answer == Answer::yes) answers.yes.push_back(static_cast<std::uint32_t>(item));
      if (answer == Answer::failed) answers.failed.push_back(static_cast<std::uint32_t>(item));
    }
  }

  std::string_view message_;
  const Plan& plan_;
  Matchers& matchers_;
  const mail::MimeLimits& limits_;
  Findings found_;
  Texts texts_;
  std::array<Large, 4> large_{};
  std::vector<std::string_view> values_;
  std::vector<engine::Fact> facts_;
};

}  // namespace

Result<Findings> read(std::string_view message, const Plan& plan, Matchers& matchers,
                      const mail::MimeLimits& limits) {
  return Reader(message, plan, matchers, limits).read();
}

}  // namespace sekisho::rules::content
