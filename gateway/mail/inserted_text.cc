#include "gateway/mail/inserted_text.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "gateway/base/text.h"
#include "gateway/base/utf8.h"
#include "gateway/mail/transfer_decoding.h"

namespace sekisho::mail {
namespace {

constexpr std::size_t kLine = 76;  // RFC 2045 section 6.7, 6.8

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 128; });
}

// Those whose bytes below 128 are ASCII wherever they stand, but in the second byte of a character:
// what is inserted stands at the edge of a line.
bool is_ascii_based(std::string_view charset) {
  static constexpr std::array<std::string_view, 12> kBeginnings{
      "iso-8859-", "windows-125", "koi8-",   "gb2312",    "gbk",   "gb18030",
      "big5",      "euc-",        "tis-620", "shift_jis", "cp125", "windows-874"};
  return charset.empty() || charset == "us-ascii" || charset == "utf-8" ||
         std::ranges::any_of(kBeginnings,
                             [&](std::string_view one) { return charset.starts_with(one); });
}

bool has_latin_1(std::string_view charset) { return charset == "iso-8859-1"; }

// UTF-8 with LF to bytes of the charset with CRLF.
std::string in_charset(std::string_view text, std::string_view charset, bool html) {
  std::string out;
  while (!text.empty()) {
    const Utf8Sequence first = utf8_first(text);
    const std::size_t length = std::max<std::size_t>(first.length, 1);
    if (first.length == 1) {
      out.append(text[0] == '\n' ? "\r\n" : text.substr(0, 1));
    } else if (first.length == 0) {
      out += '?';
    } else if (html) {
      out += fmt::format("&#{};", static_cast<std::uint32_t>(first.code_point));
    } else if (charset == "utf-8") {
      out.append(text.substr(0, length));
    } else {
      const bool fits = has_latin_1(charset) && first.code_point >= 0xA0 && first.code_point < 256;
      out += fits ? static_cast<char>(first.code_point) : '?';
    }
    text.remove_prefix(length);
  }
  return out;
}

// RFC 3676: no line of ours joins the next, and none looks quoted.
std::string as_flowed(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (line.ends_with(' ') && line != "-- ") line.remove_suffix(1);
    if (line.starts_with(' ') || line.starts_with('>') || line.starts_with("From ")) out += ' ';
    out.append(line) += '\n';
  }
  return out;
}

std::string with_line_end(std::string text) {
  if (!text.empty() && !text.ends_with('\n')) text += '\n';
  return text;
}

// Where HTML's visible text begins and ends, as readers take it.
std::size_t find_tag(std::string_view lower, std::string_view tag, bool last) {
  return last ? lower.rfind(tag) : lower.find(tag);
}

std::size_t html_start(std::string_view lower) {
  for (const std::string_view tag : {"<body", "</head", "<html"}) {
    const std::size_t at = find_tag(lower, tag, false);
    if (at == std::string_view::npos) continue;
    const std::size_t end = lower.find('>', at);
    if (end != std::string_view::npos) return end + 1;
  }
  return 0;
}

std::size_t html_end(std::string_view lower) {
  for (const std::string_view tag : {"</body", "</html"}) {
    const std::size_t at = find_tag(lower, tag, true);
    if (at != std::string_view::npos) return at;
  }
  return lower.size();
}

// The decoded text with what stands around it.
std::string around(std::string_view decoded, const TextPart& part, const std::string& before,
                   const std::string& behind) {
  if (!part.html) {
    std::string out = before;
    out += decoded;
    if (!behind.empty() && !out.empty() && !out.ends_with("\r\n")) out += "\r\n";
    return out + behind;
  }
  const std::string lower = to_lower(decoded);
  const std::size_t end = html_end(lower);
  const std::size_t start = std::min(html_start(lower), end);
  std::string out(decoded.substr(0, start));
  out += before;
  out += decoded.substr(start, end - start);
  if (!behind.empty() && !out.ends_with("\r\n")) out += "\r\n";
  out += behind;
  return out += decoded.substr(end);
}

std::string quoted_printable(std::string_view bytes) {
  std::string out;
  std::size_t column = 0;
  const auto put = [&](std::string_view piece) {
    if (column + piece.size() > kLine - 1) {
      out += "=\r\n";
      column = 0;
    }
    out += piece;
    column += piece.size();
  };
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes.substr(i, 2) == "\r\n") {
      out += "\r\n";
      column = 0;
      ++i;
      continue;
    }
    const char c = bytes[i];
    const bool blank = c == ' ' || c == '\t';
    const bool at_line_end = i + 1 == bytes.size() || bytes.substr(i + 1, 2) == "\r\n";
    const bool plain = (c > ' ' && c < 127 && c != '=') || (blank && !at_line_end);
    // A dot or "From " at the start of a line are for transports; a delimiter is looked for by
    // whoever puts it into its place.
    if (plain)
      put(bytes.substr(i, 1));
    else
      put(fmt::format("={:02X}", static_cast<unsigned char>(c)));
  }
  return out;
}

// Every "=" begins a byte or ends a line.
bool is_quoted_printable(std::string_view text) {
  for (std::size_t at = text.find('='); at != std::string_view::npos; at = text.find('=', at + 1)) {
    std::string_view rest = text.substr(at + 1);
    const auto blanks = std::min(rest.find_first_not_of(" \t"), rest.size());
    if (rest.substr(blanks).starts_with("\r\n")) continue;
    if (rest.size() < 2 || hex_value(rest[0]) < 0 || hex_value(rest[1]) < 0) return false;
  }
  return is_ascii(text);
}

std::string base64_lines(std::string_view bytes) {
  const std::string all = base64_encode(bytes);
  std::string out;
  for (std::string_view rest = all; !rest.empty(); rest.remove_prefix(std::min(kLine, rest.size())))
    out.append(rest.substr(0, kLine)).append("\r\n");
  return out;
}

std::optional<std::string> read_base64(std::string_view text) {
  std::string one;
  for (const char c : text)
    if (c != '\r' && c != '\n' && c != ' ' && c != '\t') one += c;
  return base64_decode(one);
}

bool is_identity(std::string_view encoding) {
  return encoding.empty() || encoding == "7bit" || encoding == "8bit";
}

}  // namespace

std::optional<ChangedText> insert(const TextPart& part, const Surrounding& texts,
                                  std::string_view& why) {
  const auto alone = [&why](std::string_view because) {
    why = because;
    return std::nullopt;
  };
  if (part.body.size() > kMaxChangedPart) return alone("a text that is too large");
  if (!is_ascii_based(part.charset)) return alone("a charset that is not known");
  std::string decoded;
  if (is_identity(part.encoding)) {
    decoded = part.body;
  } else if (part.encoding == "quoted-printable") {
    if (!is_quoted_printable(part.body)) return alone("broken quoted-printable");
    decoded = decode_transfer(part.body, TransferEncoding::quoted_printable, kMaxChangedPart);
  } else if (part.encoding == "base64") {
    auto bytes = read_base64(part.body);
    if (!bytes) return alone("broken base64");
    decoded = std::move(*bytes);
  } else {
    return alone("an encoding that is not known");
  }
  if (decoded.find("-----BEGIN PGP ") != std::string::npos)
    return alone("signed or encrypted (PGP)");

  ChangedText changed;
  std::string charset = part.charset;
  const bool ours_is_ascii = is_ascii(texts.before) && is_ascii(texts.behind);
  if (!part.html && !ours_is_ascii && (charset.empty() || charset == "us-ascii")) {
    if (!is_ascii(decoded)) return alone("8-bit text of no charset");
    charset = "utf-8";
    changed.charset = charset;
  }
  const auto ready = [&](const std::string& text) {
    const std::string whole = with_line_end(text);
    return in_charset(part.flowed && !part.html ? as_flowed(whole) : whole, charset, part.html);
  };
  const std::string whole = around(decoded, part, ready(texts.before), ready(texts.behind));
  if (part.encoding == "base64") {
    changed.body = base64_lines(whole);
  } else if (part.encoding == "quoted-printable") {
    changed.body = quoted_printable(whole);
  } else if (is_ascii(whole) || !is_ascii(decoded)) {
    changed.body = whole;  // no other than it was
  } else {
    changed.body = quoted_printable(whole);
    changed.encoding = "quoted-printable";
  }
  return changed;
}

}  // namespace sekisho::mail
