#include "gateway/sender/header_senders.h"

#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "gateway/base/text.h"
#include "gateway/mail/address_list.h"

namespace sekisho::sender {
namespace {

using Kind = HeaderFinding::Kind;

// In all fields together: each is looked up, and the loop has others to serve.
constexpr std::size_t kMaxAddresses = 1000;

constexpr std::string_view kFrom = "From";
constexpr std::string_view kSender = "Sender";
constexpr std::string_view kResentFrom = "Resent-From";
constexpr std::string_view kResentSender = "Resent-Sender";

// The values of the four fields.
struct SenderFields {
  explicit SenderFields(std::string_view section) {
    const auto headers = mail::Headers::parse(section);
    for (const mail::HeaderField& field : headers.fields())
      for (auto& [name, values] : all)
        if (iequals(field.name, name)) values.push_back(field.value);
  }

  [[nodiscard]] const std::vector<std::string_view>& of(std::string_view name) const {
    for (const auto& [known, values] : all)
      if (known == name) return values;
    std::unreachable();
  }

  std::array<std::pair<std::string_view, std::vector<std::string_view>>, 4> all{
      {{kFrom, {}}, {kSender, {}}, {kResentFrom, {}}, {kResentSender, {}}}};
};

using Owns = std::function<bool(const smtp::Mailbox&)>;

// The addresses of one field are added to `found`.
std::optional<HeaderFinding> check_value(std::string_view field, std::string_view value,
                                         const Owns& owns, std::size_t& found) {
  const auto list = mail::parse_address_list(value);
  if (!list) return HeaderFinding{Kind::unreadable, field, list.error().text};
  if (list->empty()) return HeaderFinding{Kind::unreadable, field, "no address"};
  found += list->size();
  if (found > kMaxAddresses) return HeaderFinding{Kind::unreadable, field, "too many addresses"};
  const bool one_alone = field == kSender || field == kResentSender;
  if (one_alone && list->size() > 1)
    return HeaderFinding{Kind::unreadable, field, "more than one address"};
  for (const auto& listed : *list)
    if (!owns(listed.mailbox))
      return HeaderFinding{Kind::foreign, field, listed.mailbox.to_string()};
  return std::nullopt;
}

}  // namespace

std::vector<HeaderFinding> find_foreign_senders(std::string_view header_section, const Owns& owns) {
  const SenderFields fields(header_section);
  std::vector<HeaderFinding> findings;
  std::size_t authors = 0;
  std::size_t others = 0;
  // Resent fields stand once for each time that the message was sent on (RFC 5322 section 3.6.6).
  const auto check = [&](std::string_view field, bool once, std::size_t& found) {
    const auto& values = fields.of(field);
    if (once && values.size() > 1) {
      findings.push_back({Kind::several, field, std::to_string(values.size())});
      return;
    }
    for (const std::string_view value : values) {
      if (auto finding = check_value(field, value, owns, found)) {
        findings.push_back(std::move(*finding));
        return;
      }
    }
  };
  check(kFrom, true, authors);
  check(kSender, true, others);
  check(kResentFrom, false, others);
  check(kResentSender, false, others);
  if (fields.of(kFrom).empty()) findings.push_back({Kind::missing, kFrom, {}});
  if (authors > 1 && fields.of(kSender).empty()) findings.push_back({Kind::missing, kSender, {}});
  return findings;
}

void replace_foreign_senders(const std::vector<HeaderFinding>& findings,
                             std::string_view header_section, const smtp::Mailbox& own,
                             mail::HeaderEdits& edits) {
  const SenderFields fields(header_section);
  for (const HeaderFinding& finding : findings) {
    const std::string kept = fmt::format("X-Original-{}", finding.field);
    edits.remove(kept);
    for (const std::string_view value : fields.of(finding.field))
      if (std::string text = mail::Headers::unfold(value); !text.empty())
        edits.add(kept, std::move(text));
    edits.replace(std::string(finding.field), own.to_string());
  }
}

}  // namespace sekisho::sender
