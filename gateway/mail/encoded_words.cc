#include "gateway/mail/encoded_words.h"

#include <cstddef>
#include <optional>

#include "gateway/base/text.h"
#include "gateway/base/utf8.h"
#include "gateway/mail/charset.h"
#include "gateway/mail/transfer_decoding.h"

namespace sekisho::mail {
namespace {

struct Word {
  std::string charset;
  std::string bytes;
  std::size_t length;  // in the text
};

// The encoded word at the beginning of `text`, which starts with "=?".
std::optional<Word> parse_word(std::string_view text) {
  const std::size_t charset_end = text.find('?', 2);
  if (charset_end == std::string_view::npos || charset_end + 2 >= text.size()) return std::nullopt;
  if (text[charset_end + 2] != '?') return std::nullopt;
  const char method = ascii_lower(text[charset_end + 1]);
  if (method != 'b' && method != 'q') return std::nullopt;

  const std::size_t start = charset_end + 3;
  const std::size_t end = text.find("?=", start);
  const std::string_view payload =
      text.substr(start, end == std::string_view::npos ? end : end - start);
  std::string_view charset = text.substr(2, charset_end - 2);
  charset = charset.substr(0, charset.find('*'));  // RFC 2231 section 5: a language after it

  Word word{.charset = to_lower(charset),
            .bytes = {},
            .length = end == std::string_view::npos ? text.size() : end + 2};
  if (method == 'b') {
    word.bytes = decode_transfer(payload, TransferEncoding::base64, payload.size());
  } else {
    std::string quoted(payload);
    for (char& c : quoted) {
      if (c == '_') c = ' ';
    }
    word.bytes = decode_transfer(quoted, TransferEncoding::quoted_printable, quoted.size());
  }
  return word;
}

}  // namespace

std::string decode_encoded_words(std::string_view text) {
  std::string out;
  std::string pending;  // of one charset: a character may be split between two words
  std::string pending_charset;
  bool after_word = false;
  const auto flush = [&] {
    out += to_utf8(pending, pending_charset).value_or(pending);
    pending.clear();
  };
  while (!text.empty()) {
    const std::size_t at = text.find("=?");
    const std::string_view before = text.substr(0, at);
    const auto word = at == std::string_view::npos ? std::nullopt : parse_word(text.substr(at));
    // Blanks between two encoded words are no text (RFC 2047 section 6.2).
    const bool glue = word && after_word && trim(before).empty();
    if (!glue || word->charset != pending_charset) flush();
    if (!glue) out += before;
    if (at == std::string_view::npos) return out;
    text.remove_prefix(at);
    after_word = word.has_value();
    if (word) {
      pending += word->bytes;
      pending_charset = word->charset;
      text.remove_prefix(word->length);
    } else {
      out += text.substr(0, 2);
      text.remove_prefix(2);
    }
  }
  flush();
  return out;
}

std::string encode_words(std::string_view utf8) {
  constexpr std::size_t kChunk = 45;  // 60 characters of base64, 72 with what goes round them
  std::string out;
  std::string chunk;
  const auto flush = [&] {
    if (chunk.empty()) return;
    if (!out.empty()) out += ' ';
    out += "=?UTF-8?B?" + base64_encode(chunk) + "?=";
    chunk.clear();
  };
  while (!utf8.empty()) {
    const auto [length, point] = utf8_first(utf8);
    const bool unfit = length == 0 || point < 0x20 || (point >= 0x7F && point < 0xA0);
    const std::string_view character = unfit ? "?" : utf8.substr(0, length);
    utf8.remove_prefix(length == 0 ? 1 : length);
    if (chunk.size() + character.size() > kChunk) flush();
    chunk += character;
  }
  flush();
  return out;
}

}  // namespace sekisho::mail
