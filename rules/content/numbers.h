// Payment card numbers and IBANs in a text: found where their checksum, length and beginning are
// right. Pure, linear.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sekisho::rules::content {

// More different ones of one message are not told: a count beyond it is this.
inline constexpr std::size_t kMaxNumbers = 1000;

// Card numbers (ISO/IEC 7812: the Luhn sum, and lengths and beginnings that issuers use), digits
// together or in groups of four (4-6-5 and 4-6-4 too) with one blank or hyphen between. Not within
// a longer run of digits, letters and hyphens. Each once, in its digits alone.
void find_cards(std::string_view text, std::vector<std::string>& found);

// IBANs (ISO 13616: length by country, remainder 1 of 97), together or with single blanks. Upper
// case, without blanks.
void find_ibans(std::string_view text, std::vector<std::string>& found);

[[nodiscard]] std::string masked_card(std::string_view digits);  // "************1111"
[[nodiscard]] std::string masked_iban(std::string_view iban);    // "DE****************3000"

}  // namespace sekisho::rules::content
