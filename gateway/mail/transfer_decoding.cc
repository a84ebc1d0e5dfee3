#include "gateway/mail/transfer_decoding.h"

#include <algorithm>
#include <array>

namespace sekisho::mail {
namespace {

constexpr std::uint8_t kNoDigit = 255;

constexpr std::array<std::uint8_t, 256> base64_table() {
  std::array<std::uint8_t, 256> table{};
  table.fill(kNoDigit);
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    table[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return table;
}
constexpr auto kBase64 = base64_table();

}  // namespace

TransferEncoding transfer_encoding(std::string_view name) {
  if (name == "base64") return TransferEncoding::base64;
  if (name == "quoted-printable") return TransferEncoding::quoted_printable;
  return TransferEncoding::identity;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

void TransferDecoder::feed(std::string_view bytes, std::string& out, std::size_t max) {
  switch (encoding_) {
    case TransferEncoding::identity:
      if (out.size() < max) out.append(bytes.substr(0, max - out.size()));
      return;
    case TransferEncoding::base64:
      feed_base64(bytes, out, max);
      return;
    case TransferEncoding::quoted_printable:
      while (!bytes.empty() && out.size() < max) {
        if (quoted_ == Quoted::text) {
          const std::size_t plain = std::min(bytes.find('='), bytes.size());
          out += bytes.substr(0, plain);
          bytes.remove_prefix(plain);
          if (bytes.empty()) break;
        }
        feed_quoted(bytes.front(), out);
        bytes.remove_prefix(1);
      }
      if (out.size() > max) out.resize(max);
      return;
  }
}

void TransferDecoder::feed_base64(std::string_view bytes, std::string& out, std::size_t max) {
  changed_ = true;
  const std::size_t before = out.size();
  out.resize(before + bytes.size() * 3 / 4 + 2);
  char* to = out.data() + before;
  for (const char c : bytes) {
    const std::uint8_t value = kBase64[static_cast<unsigned char>(c)];
    if (value == kNoDigit) {
      if (c == '=') bit_count_ = 0;
      continue;
    }
    bits_ = (bits_ << 6U) | value;
    bit_count_ += 6;
    if (bit_count_ < 8) continue;
    bit_count_ -= 8;
    *to++ = static_cast<char>(static_cast<unsigned char>(bits_ >> bit_count_));
  }
  out.resize(std::min(static_cast<std::size_t>(to - out.data()), std::max(before, max)));
}

void TransferDecoder::feed_quoted(char c, std::string& out) {
  switch (quoted_) {
    case Quoted::text:
      if (c == '=') {
        changed_ = true;
        quoted_ = Quoted::equals;
      } else {
        out += c;
      }
      return;
    case Quoted::equals:
      if (hex_value(c) >= 0) {
        first_hex_ = c;
        quoted_ = Quoted::hex;
        return;
      }
      [[fallthrough]];
    case Quoted::blank:  // blanks between "=" and the line end that it hides
      if (c == ' ' || c == '\t') {
        quoted_ = Quoted::blank;
      } else if (c == '\r') {
        quoted_ = Quoted::cr;
      } else {
        quoted_ = Quoted::text;
        if (c != '\n') (out += '=') += c;
      }
      return;
    case Quoted::hex:
      quoted_ = Quoted::text;
      if (hex_value(c) >= 0) {
        out += static_cast<char>(
            static_cast<unsigned char>(hex_value(first_hex_) * 16 + hex_value(c)));
        return;
      }
      (out += '=') += first_hex_;
      feed_quoted(c, out);
      return;
    case Quoted::cr:
      quoted_ = Quoted::text;
      if (c != '\n') feed_quoted(c, out);
      return;
  }
}

std::string decode_transfer(std::string_view text, TransferEncoding encoding, std::size_t max) {
  std::string out;
  TransferDecoder decoder(encoding);
  decoder.feed(text, out, max);
  return out;
}

std::string decode_uu_line(std::string_view line) {
  std::string out;
  if (line.empty()) return out;
  const auto value = [](char c) {
    return (static_cast<std::uint32_t>(static_cast<unsigned char>(c)) - 32U) & 63U;
  };
  const std::size_t length = value(line[0]);
  line.remove_prefix(1);
  for (std::size_t i = 0; i < line.size() && out.size() < length; i += 4) {
    std::uint32_t bits = 0;
    for (std::size_t j = i; j < i + 4; ++j) {
      bits = (bits << 6U) | (j < line.size() ? value(line[j]) : 0U);
    }
    for (const unsigned shift : {16U, 8U, 0U}) {
      if (out.size() < length) out += static_cast<char>(static_cast<unsigned char>(bits >> shift));
    }
  }
  return out;
}

}  // namespace sekisho::mail
