#include <stdexcept>
#include <utility>

#include "gateway/base/text.h"
#include "gateway/smtp/reply.h"

namespace sekisho::smtp {
namespace {

constexpr std::size_t kMaxQuote = 200;  // bytes of a bad line that an error repeats

// The enhanced code at the front of a line of a reply with `code`, with its class corrected, and
// its length in the line. RFC 2034 section 4 has none in 3yz replies.
std::optional<std::pair<EnhancedCode, std::size_t>> leading_enhanced(std::string_view line,
                                                                     int code) {
  const auto token = line.substr(0, line.find(' '));
  auto parsed = EnhancedCode::parse(token);
  if (!parsed) return std::nullopt;
  const bool failing = code >= 400 && parsed->klass >= 4;
  if (!failing && parsed->klass != code / 100) return std::nullopt;
  parsed->klass = static_cast<std::uint16_t>(code / 100);
  return std::pair{*parsed, token.size()};
}

}  // namespace

Result<std::size_t> ReplyParser::feed(std::string_view bytes) {
  std::size_t used = 0;
  while (used < bytes.size() && !complete_) {
    const auto rest = bytes.substr(used);
    const auto end = rest.find('\n');
    const auto piece = end == rest.npos ? rest : rest.substr(0, end + 1);
    if (piece.size() > kMaxReplyBytes - bytes_) {
      return fail(ErrorKind::limit, "the reply is longer than 64 KiB");
    }
    bytes_ += piece.size();
    used += piece.size();
    if (end == rest.npos) {
      partial_ += piece;
      break;
    }
    std::string_view line = piece;
    if (!partial_.empty()) {
      partial_ += piece;
      line = partial_;
    }
    line.remove_suffix(1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (auto taken = take_line(line); !taken) return std::unexpected(std::move(taken.error()));
    partial_.clear();
  }
  return used;
}

Result<void> ReplyParser::take_line(std::string_view line) {
  if (line.size() < 3 || line[0] < '2' || line[0] > '5' || !is_digit(line[1]) ||
      !is_digit(line[2])) {
    return fail(ErrorKind::protocol,
                "a reply line without a reply code: " + std::string(line.substr(0, kMaxQuote)));
  }
  const int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
  const char separator = line.size() > 3 ? line[3] : ' ';
  if (separator != ' ' && separator != '-') {
    return fail(ErrorKind::protocol, "neither blank nor hyphen after a reply code: " +
                                         std::string(line.substr(0, kMaxQuote)));
  }
  if (reply_.lines.empty()) {
    reply_.code = code;
  } else if (reply_.code != code) {
    return fail(ErrorKind::protocol, "two codes in one reply: " + std::to_string(reply_.code) +
                                         " and " + std::to_string(code));
  }
  reply_.lines.emplace_back(line.size() > 4 ? line.substr(4) : std::string_view());
  if (separator == ' ') finish();
  return {};
}

// Moves the enhanced code from the text to its place. The first line's counts; other lines lose
// theirs where it is the same one.
void ReplyParser::finish() {
  complete_ = true;
  const auto first = leading_enhanced(reply_.lines.front(), reply_.code);
  if (!first) return;
  reply_.enhanced = first->first;
  for (auto& line : reply_.lines) {
    const auto own = leading_enhanced(line, reply_.code);
    if (!own || own->first != *reply_.enhanced) continue;
    line.erase(0, own->second);
    if (line.starts_with(' ')) line.erase(0, 1);
  }
}

Reply ReplyParser::take() {
  if (!complete_) throw std::logic_error("ReplyParser::take() before the reply was complete");
  Reply reply = std::exchange(reply_, {});
  partial_.clear();
  bytes_ = 0;
  complete_ = false;
  return reply;
}

}  // namespace sekisho::smtp
