#include "gateway/smtp/reply.h"

#include <stdexcept>
#include <utility>

#include "gateway/base/encode.h"
#include "gateway/base/text.h"

namespace sekisho::smtp {
namespace {

constexpr std::size_t kMaxReplyLine = 512;  // RFC 5321 section 4.5.3.1.5, CRLF included

// One to three digits (RFC 3463 section 2).
std::optional<std::uint16_t> parse_part(std::string_view digits) {
  if (digits.size() > 3) return std::nullopt;
  const auto value = parse_uint(digits);
  if (!value) return std::nullopt;
  return static_cast<std::uint16_t>(*value);
}

// Takes at most `room` bytes from the front of `text`, up to the last blank where there is one in
// the second half, and leaves the rest.
std::string_view take_piece(std::string_view& text, std::size_t room) {
  if (text.size() <= room) return std::exchange(text, {});
  std::size_t length = room;
  std::size_t skip = 0;
  if (const auto blank = text.rfind(' ', room); blank != text.npos && blank >= room / 2) {
    length = blank;
    skip = 1;
  }
  const auto piece = text.substr(0, length);
  text.remove_prefix(length + skip);
  return piece;
}

}  // namespace

std::optional<EnhancedCode> EnhancedCode::parse(std::string_view text) {
  const auto parts = split(text, '.');
  if (parts.size() != 3 || (parts[0] != "2" && parts[0] != "4" && parts[0] != "5")) {
    return std::nullopt;
  }
  const auto klass = parse_part(parts[0]);
  const auto subject = parse_part(parts[1]);
  const auto detail = parse_part(parts[2]);
  if (!klass || !subject || !detail) return std::nullopt;
  return EnhancedCode{*klass, *subject, *detail};
}

std::string EnhancedCode::to_string() const {
  return std::to_string(klass) + '.' + std::to_string(subject) + '.' + std::to_string(detail);
}

Reply Reply::of(int code, std::string_view enhanced, std::string_view text) {
  Reply reply = plain(code, text);
  if (enhanced.empty()) return reply;
  auto parsed = EnhancedCode::parse(enhanced);
  if (!parsed) throw std::invalid_argument("not an enhanced status code: " + std::string(enhanced));
  parsed->klass = static_cast<std::uint16_t>(code / 100);
  if (parsed->klass != 3) reply.enhanced = parsed;
  return reply;
}

Reply Reply::plain(int code, std::string_view text) {
  if (code < 200 || code > 599) {
    throw std::invalid_argument("not an SMTP reply code: " + std::to_string(code));
  }
  Reply reply;
  reply.code = code;
  reply.lines.emplace_back(text);
  return reply;
}

std::string Reply::wire() const {
  const std::string number = std::to_string(code);
  const std::string prefix = enhanced ? enhanced->to_string() + ' ' : std::string();
  const std::size_t room = kMaxReplyLine - number.size() - 1 - prefix.size() - 2;

  std::string out;
  std::size_t last = 0;  // where the separator of the last line stands
  const auto add = [&](std::string_view text) {
    out += number;
    last = out.size();
    out.append("-").append(prefix).append(text).append("\r\n");
  };
  for (const auto& line : lines) {
    const std::string clean = encode_for_smtp(line, line.size());
    std::string_view left = clean;
    do {
      add(take_piece(left, room));
    } while (!left.empty());
  }
  if (lines.empty()) add({});
  out[last] = ' ';  // also when no text follows: RFC 5321 section 4.2.1
  return out;
}

std::string Reply::summary() const {
  std::string out = std::to_string(code);
  if (enhanced) out.append(" ").append(enhanced->to_string());
  std::string_view separator = " ";
  for (const auto& line : lines) {
    if (lines.size() == 1 && line.empty()) break;
    out.append(separator).append(line);
    separator = " / ";
  }
  return out;
}

}  // namespace sekisho::smtp
