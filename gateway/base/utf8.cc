#include "gateway/base/utf8.h"

namespace sekisho {
namespace {

// The lead byte says how many bytes follow and the smallest code point that needs so many.
struct Lead {
  std::size_t length;
  char32_t bits;
  char32_t smallest;
};

Lead lead(unsigned char byte) {
  if (byte < 0x80) return {1, byte, 0};
  if ((byte & 0xE0U) == 0xC0) return {2, byte & 0x1FU, 0x80};
  if ((byte & 0xF0U) == 0xE0) return {3, byte & 0x0FU, 0x800};
  if ((byte & 0xF8U) == 0xF0) return {4, byte & 0x07U, 0x10000};
  return {0, 0, 0};
}

}  // namespace

Utf8Sequence utf8_first(std::string_view text) {
  const auto [length, bits, smallest] = lead(static_cast<unsigned char>(text.front()));
  if (length == 0 || text.size() < length) return {};
  char32_t code_point = bits;
  for (std::size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xC0U) != 0x80) return {};
    code_point = (code_point << 6U) | (byte & 0x3FU);
  }
  const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  if (code_point < smallest || surrogate || code_point > 0x10FFFF) return {};
  return {.length = length, .code_point = code_point};
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto [length, unused] = utf8_first(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace sekisho
