#include "rules/content/numbers.h"

#include <algorithm>
#include <array>

#include "gateway/base/text.h"

namespace sekisho::rules::content {
namespace {

constexpr std::size_t kLeast = 12;
constexpr std::size_t kMost = 19;

struct Issuer {
  std::string_view from;  // the first digits, and the last of the range
  std::string_view to;
  std::size_t least;
  std::size_t most;
};

// Visa takes 13, 16 and 19: 14, 15, 17 and 18 are left out in is_card().
constexpr std::array kIssuers = {
    Issuer{"4", "4", 13, 19},        // Visa
    Issuer{"51", "55", 16, 16},      // Mastercard
    Issuer{"2221", "2720", 16, 16},  // Mastercard
    Issuer{"34", "34", 15, 15},      // American Express
    Issuer{"37", "37", 15, 15},      // American Express
    Issuer{"6011", "6011", 16, 19},  // Discover
    Issuer{"644", "649", 16, 19},    // Discover
    Issuer{"65", "65", 16, 19},      // Discover, RuPay, Troy
    Issuer{"300", "305", 14, 19},    // Diners Club
    Issuer{"3095", "3095", 14, 19},  // Diners Club
    Issuer{"36", "36", 14, 19},      // Diners Club
    Issuer{"38", "39", 14, 19},      // Diners Club
    Issuer{"3528", "3589", 16, 19},  // JCB
    Issuer{"62", "62", 16, 19},      // UnionPay
    Issuer{"81", "82", 16, 19},      // UnionPay, RuPay
    Issuer{"60", "60", 16, 16},      // RuPay
    Issuer{"508", "508", 16, 16},    // RuPay
    Issuer{"2200", "2204", 16, 19},  // Mir
    Issuer{"9792", "9792", 16, 16},  // Troy
    Issuer{"5018", "5018", 12, 19},  // Maestro
    Issuer{"5020", "5020", 12, 19},  // Maestro
    Issuer{"5038", "5038", 12, 19},  // Maestro
    Issuer{"5893", "5893", 12, 19},  // Maestro
    Issuer{"6304", "6304", 12, 19},  // Maestro
    Issuer{"6759", "6759", 12, 19},  // Maestro
    Issuer{"6761", "6763", 12, 19},  // Maestro
};

bool luhn(std::string_view digits) {
  unsigned sum = 0;
  bool twice = false;
  for (std::size_t i = digits.size(); i-- > 0; twice = !twice) {
    unsigned digit = static_cast<unsigned>(digits[i] - '0');
    if (twice) digit = digit > 4 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return sum % 10 == 0;
}

bool is_card(std::string_view digits) {
  const std::size_t size = digits.size();
  const bool issued = std::ranges::any_of(kIssuers, [&](const Issuer& issuer) {
    const std::string_view start = digits.substr(0, issuer.from.size());
    return size >= issuer.least && size <= issuer.most && start >= issuer.from &&
           start <= issuer.to;
  });
  if (!issued) return false;
  if (digits[0] == '4' && size != 13 && size != 16 && size != 19) return false;
  return luhn(digits);
}

// As cards are embossed and as people type them.
bool is_grouping(const std::vector<std::size_t>& sizes) {
  if (sizes.size() == 1) return true;
  if (sizes.size() == 3 && sizes[0] == 4 && sizes[1] == 6) return sizes[2] == 4 || sizes[2] == 5;
  const auto fours = sizes.size() - 1;
  return fours >= 3 && sizes.back() <= 4 &&
         std::all_of(sizes.begin(), sizes.end() - 1, [](std::size_t size) { return size == 4; });
}

void add(std::vector<std::string>& found, std::string number) {
  if (found.size() >= kMaxNumbers) return;
  if (std::ranges::find(found, number) == found.end()) found.push_back(std::move(number));
}

// A run of digit groups with one blank or hyphen between them.
struct Group {
  std::size_t begin;
  std::size_t size;
  bool hyphen_before;
};

void find_in_groups(std::string_view text, const std::vector<Group>& groups, bool hyphen_after,
                    std::vector<std::string>& found) {
  std::size_t first = 0;
  while (first < groups.size()) {
    std::string digits;
    std::vector<std::size_t> sizes;
    std::size_t past = first;  // the group behind the card
    for (std::size_t last = first; last < groups.size() && sizes.size() < 6; ++last) {
      const Group& group = groups[last];
      digits += text.substr(group.begin, group.size);
      sizes.push_back(group.size);
      if (digits.size() > kMost) break;
      const bool joined =
          groups[first].hyphen_before ||
          (last + 1 < groups.size() ? groups[last + 1].hyphen_before : hyphen_after);
      if (digits.size() >= kLeast && !joined && is_grouping(sizes) && is_card(digits))
        past = last + 1;
      if (past > first) break;
    }
    if (past > first) {
      add(found, std::move(digits));
      first = past;
    } else {
      ++first;
    }
  }
}

// Of a name or number. Not letters beyond ASCII: where words have no blanks between them, numbers
// stand right behind them.
bool is_word(char c) { return is_alnum(c) || c == '_'; }

struct Country {
  std::string_view code;
  std::size_t length;
};

constexpr auto kCountries = std::to_array<Country>({
    {"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16}, {"BG", 22},
    {"BH", 22}, {"BI", 27}, {"BR", 29}, {"BY", 28}, {"CH", 21}, {"CR", 22}, {"CY", 28}, {"CZ", 24},
    {"DE", 22}, {"DJ", 27}, {"DK", 18}, {"DO", 28}, {"EE", 20}, {"EG", 29}, {"ES", 24}, {"FI", 18},
    {"FK", 18}, {"FO", 18}, {"FR", 27}, {"GB", 22}, {"GE", 22}, {"GI", 23}, {"GL", 18}, {"GR", 27},
    {"GT", 28}, {"HN", 28}, {"HR", 21}, {"HU", 28}, {"IE", 22}, {"IL", 23}, {"IQ", 23}, {"IS", 26},
    {"IT", 27}, {"JO", 30}, {"KW", 30}, {"KZ", 20}, {"LB", 28}, {"LC", 32}, {"LI", 21}, {"LT", 20},
    {"LU", 20}, {"LV", 21}, {"LY", 25}, {"MC", 27}, {"MD", 24}, {"ME", 22}, {"MK", 19}, {"MN", 20},
    {"MR", 27}, {"MT", 31}, {"MU", 30}, {"NI", 28}, {"NL", 18}, {"NO", 15}, {"OM", 23}, {"PK", 24},
    {"PL", 28}, {"PS", 29}, {"PT", 25}, {"QA", 29}, {"RO", 24}, {"RS", 22}, {"RU", 33}, {"SA", 24},
    {"SC", 31}, {"SD", 18}, {"SE", 24}, {"SI", 19}, {"SK", 24}, {"SM", 27}, {"SO", 23}, {"ST", 25},
    {"SV", 28}, {"TL", 23}, {"TN", 24}, {"TR", 26}, {"UA", 29}, {"VA", 22}, {"VG", 24}, {"XK", 20},
    {"YE", 30},
});

unsigned remainder_97(std::string_view iban) {
  unsigned rest = 0;
  const auto take = [&rest](char c) {
    if (is_digit(c)) {
      rest = (rest * 10 + static_cast<unsigned>(c - '0')) % 97;
    } else {
      rest = (rest * 100 + static_cast<unsigned>(c - 'A' + 10)) % 97;
    }
  };
  for (const char c : iban.substr(4)) take(c);
  for (const char c : iban.substr(0, 4)) take(c);
  return rest;
}

// The IBAN that begins at `at`; empty: none does.
std::string iban_at(std::string_view text, std::size_t at) {
  if (at + 15 > text.size() || !is_alpha(text[at + 1]) || !is_digit(text[at + 2]) ||
      !is_digit(text[at + 3])) {
    return {};
  }
  const std::string code = to_upper(text.substr(at, 2));
  const auto* country = std::ranges::lower_bound(kCountries, code, {}, &Country::code);
  if (country == kCountries.end() || country->code != code) return {};
  std::string iban;
  while (at < text.size() && iban.size() < country->length) {
    if (text[at] == ' ' && at + 1 < text.size() && is_alnum(text[at + 1])) ++at;
    if (!is_alnum(text[at])) return {};
    iban += ascii_upper(text[at++]);
  }
  if (iban.size() < country->length || (at < text.size() && is_word(text[at]))) return {};
  return remainder_97(iban) == 1 ? iban : std::string();
}

}  // namespace

void find_cards(std::string_view text, std::vector<std::string>& found) {
  std::size_t at = 0;
  std::vector<Group> groups;
  while (true) {
    const auto next = std::ranges::find_if(text.substr(at), is_digit);
    if (next == text.end()) return;
    at = static_cast<std::size_t>(next - text.begin());
    const char before = at == 0 ? ' ' : text[at - 1];
    // Within a word, a decimal fraction, an international telephone number, or a longer name.
    const bool inside = is_word(before) || before == '+' || before == '-' ||
                        (at > 1 && (before == '.' || before == ',') && is_digit(text[at - 2]));
    groups.clear();
    bool hyphen = inside;
    while (true) {
      const std::size_t begin = at;
      while (at < text.size() && is_digit(text[at])) ++at;
      groups.push_back({.begin = begin, .size = at - begin, .hyphen_before = hyphen});
      const bool more =
          at + 1 < text.size() && (text[at] == ' ' || text[at] == '-') && is_digit(text[at + 1]);
      if (!more) break;
      hyphen = text[at] == '-';
      ++at;
    }
    const bool goes_on =
        at < text.size() &&
        (is_word(text[at]) || (text[at] == '-' && at + 1 < text.size() && is_word(text[at + 1])));
    find_in_groups(text, groups, goes_on, found);
  }
}

void find_ibans(std::string_view text, std::vector<std::string>& found) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!is_alpha(text[at]) || (at > 0 && is_word(text[at - 1]))) continue;
    if (auto iban = iban_at(text, at); !iban.empty()) add(found, std::move(iban));
  }
}

std::string masked_card(std::string_view digits) {
  const std::size_t hidden = digits.size() - std::min<std::size_t>(4, digits.size());
  return std::string(hidden, '*') + std::string(digits.substr(hidden));
}

std::string masked_iban(std::string_view iban) {
  if (iban.size() < 8) return std::string(iban.size(), '*');
  return std::string(iban.substr(0, 2)) + std::string(iban.size() - 6, '*') +
         std::string(iban.substr(iban.size() - 4));
}

}  // namespace sekisho::rules::content
