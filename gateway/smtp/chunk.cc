#include "gateway/smtp/chunk.h"

#include <algorithm>

#include "gateway/base/text.h"
#include "gateway/smtp/byte_scan.h"

namespace sekisho::smtp {

std::expected<Chunk, Reply> parse_bdat(std::string_view argument) {
  // RFC 3030 section 2: chunk-size is 1*DIGIT. So many hold 2^63, leading zeros apart.
  constexpr std::size_t kMaxDigits = 19;
  const auto text = trim(argument);
  const auto digits = text.substr(0, text.find_first_of(" \t"));
  const auto word = trim(text.substr(digits.size()));
  const bool number =
      !digits.empty() && digits.size() <= kMaxDigits && std::ranges::all_of(digits, is_digit);
  const auto size = number ? parse_uint(digits) : std::nullopt;
  if (!size || *size > kMaxChunk || !(word.empty() || iequals(word, "LAST")))
    return std::unexpected(
        Reply::of(501, "5.5.4", "syntax: BDAT length [LAST]; closing connection"));
  return Chunk{.size = *size, .last = !word.empty()};
}

void TextCheck::feed(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    if (cr_) {
      cr_ = false;
      if (bytes[at] == '\n') {
        count(1);
        line_ = 0;
        ++at;
        continue;
      }
      note(DotDecoder::Flaw::bare_cr);
    }
    const std::size_t hit = find_low_control(bytes, at);
    count(hit - at);
    at = hit;
    if (at == bytes.size()) return;
    count(1);
    const char byte = bytes[at++];
    if (byte == '\r') cr_ = true;
    if (byte == '\n') note(DotDecoder::Flaw::bare_lf);
    if (byte == '\0') note(DotDecoder::Flaw::nul);
  }
}

void TextCheck::finish() {
  if (cr_) note(DotDecoder::Flaw::bare_cr);
  cr_ = false;
}

void TextCheck::count(std::size_t bytes) {
  line_ += bytes;
  if (max_line_ != 0 && line_ > max_line_) note(DotDecoder::Flaw::line_too_long);
}

void TextCheck::note(DotDecoder::Flaw flaw) {
  using enum DotDecoder::Flaw;
  if (flaw_ == none || flaw_ == line_too_long) flaw_ = flaw;
}

}  // namespace sekisho::smtp
