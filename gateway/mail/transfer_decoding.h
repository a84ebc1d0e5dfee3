// Content-transfer-encodings (RFC 2045 section 6) undone, bytes in, bytes out, in any slicing.
// Lenient, as mail readers are: foreign characters in base64 are skipped, padding in the middle
// starts a new group, a broken "=XY" stays as it is. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sekisho::mail {

enum class TransferEncoding : std::uint8_t { identity, base64, quoted_printable };

// By its name in lower case; what isn't known is identity.
TransferEncoding transfer_encoding(std::string_view name);

class TransferDecoder {
 public:
  explicit TransferDecoder(TransferEncoding encoding) : encoding_(encoding) {}

  // Appends to `out` until it holds `max` bytes; what is more is lost.
  void feed(std::string_view bytes, std::string& out, std::size_t max);
  [[nodiscard]] TransferEncoding encoding() const { return encoding_; }
  // Something was decoded: the output is not simply the input.
  [[nodiscard]] bool changed() const { return changed_; }

 private:
  enum class Quoted : std::uint8_t { text, equals, hex, blank, cr };

  void feed_base64(std::string_view bytes, std::string& out, std::size_t max);
  void feed_quoted(char c, std::string& out);

  TransferEncoding encoding_;
  bool changed_ = false;
  Quoted quoted_ = Quoted::text;
  char first_hex_ = 0;
  std::uint32_t bits_ = 0;
  unsigned bit_count_ = 0;
};

// All of `text` at once, at most `max` bytes of output.
std::string decode_transfer(std::string_view text, TransferEncoding encoding, std::size_t max);

// One line of uuencoded data, without its line end.
std::string decode_uu_line(std::string_view line);

// The value of a hexadecimal digit, or -1.
int hex_value(char c);

}  // namespace sekisho::mail
