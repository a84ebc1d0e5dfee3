#include "rules/content/header_values.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "gateway/base/text.h"
#include "gateway/mail/encoded_words.h"
#include "rules/content/addresses.h"

namespace sekisho::rules::content {
namespace {

struct AddressField {
  std::string_view name;
  Want want;
  std::vector<Address> Findings::* addresses;
};
constexpr std::array kAddressFields = {
    AddressField{"From", Want::from, &Findings::from},
    AddressField{"To", Want::to, &Findings::to},
    AddressField{"Cc", Want::cc, &Findings::cc},
    AddressField{"Reply-To", Want::reply_to, &Findings::reply_to},
    AddressField{"Sender", Want::sender, &Findings::sender},
};

// The first word, and the rest.
std::string_view take_word(std::string_view& text) {
  constexpr std::string_view kBetween = " \t,-";
  const std::size_t begin = std::min(text.find_first_not_of(kBetween), text.size());
  text.remove_prefix(begin);
  const std::size_t end = std::min(text.find_first_of(kBetween), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

std::optional<unsigned> month_of(std::string_view word) {
  static constexpr std::array<std::string_view, 12> kMonths{
      "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};
  const std::string lower = to_lower(word.substr(0, 3));
  const auto* found = std::ranges::find(kMonths, lower);
  if (found == kMonths.end()) return std::nullopt;
  return static_cast<unsigned>(found - kMonths.begin()) + 1;
}

}  // namespace

std::string decoded_value(std::string_view raw) {
  const std::string plain = mail::Headers::unfold(raw);
  return plain.contains("=?") ? mail::decode_encoded_words(plain) : plain;
}

std::optional<std::uint64_t> day_in(std::string_view date) {
  const std::string plain = mail::Headers::unfold(date);
  std::string_view rest = plain;
  std::string_view word = take_word(rest);
  if (!word.empty() && is_alpha(word[0])) word = take_word(rest);  // the day of the week
  const auto day = parse_uint(word);
  const auto month = month_of(take_word(rest));
  const std::string_view year_word = take_word(rest);
  auto year = parse_uint(year_word);
  if (!day || !month || !year || *day > 31 || *year > 9999) return std::nullopt;
  // RFC 5322 section 4.3.
  if (year_word.size() == 2) *year += *year < 50 ? 2000 : 1900;
  if (year_word.size() == 3) *year += 1900;
  const std::chrono::year_month_day written{std::chrono::year(static_cast<int>(*year)),
                                            std::chrono::month(*month),
                                            std::chrono::day(static_cast<unsigned>(*day))};
  if (!written.ok()) return std::nullopt;
  const auto days = std::chrono::sys_days(written).time_since_epoch().count();
  if (days < 0) return std::nullopt;
  return static_cast<std::uint64_t>(days);
}

Result<void> read_headers(const mail::Headers& headers, const Plan& plan, Findings& findings) {
  findings.headers.resize(plan.headers().size());
  for (const mail::HeaderField& field : headers.fields()) {
    for (const AddressField& one : kAddressFields) {
      if (!plan.wants(one.want) || !iequals(field.name, one.name)) continue;
      auto& addresses = findings.*one.addresses;
      if (auto added = append_addresses(field.value, addresses); !added) return added;
    }
    if (plan.wants(Want::subject) && !findings.subject && iequals(field.name, "Subject"))
      findings.subject = decoded_value(field.value);
    if (plan.wants(Want::message_id) && !findings.message_id && iequals(field.name, "Message-ID"))
      findings.message_id = decoded_value(field.value);
    if (plan.wants(Want::date) && !findings.date && iequals(field.name, "Date"))
      findings.date = day_in(field.value);
    if (plan.wants(Want::fields))
      findings.fields.push_back(
          {.name = std::string(field.name), .value = decoded_value(field.value)});
    if (plan.headers().empty()) continue;
    const std::string name = to_lower(field.name);
    const auto named = std::ranges::lower_bound(plan.headers(), name);
    if (named != plan.headers().end() && *named == name)
      findings.headers[static_cast<std::size_t>(named - plan.headers().begin())].push_back(
          decoded_value(field.value));
  }
  return {};
}

}  // namespace sekisho::rules::content
