// Reply: an SMTP reply (RFC 5321 section 4.2) with its enhanced status code (RFC 3463). What we
// send is made here; what an upstream sends is read by ReplyParser. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/error.h"

namespace sekisho::smtp {

// "5.7.1". The class is the reply code's first digit: 2, 4 or 5.
struct EnhancedCode {
  std::uint16_t klass = 0;
  std::uint16_t subject = 0;
  std::uint16_t detail = 0;

  static std::optional<EnhancedCode> parse(std::string_view text);
  [[nodiscard]] std::string to_string() const;
  auto operator<=>(const EnhancedCode&) const = default;
};

struct Reply {
  int code = 0;                          // 200 to 599
  std::optional<EnhancedCode> enhanced;  // none for greeting, EHLO, 3yz and what RFC 2034 excludes
  std::vector<std::string> lines;        // at least one; text only

  // Reply::of(550, "5.7.1", "relaying denied"). Text from outside must have been encoded. The class
  // of the enhanced code follows the reply code's first digit, whatever was given; a 3yz reply has
  // none (RFC 2034 section 4). A code outside 200 to 599 or an enhanced code that is none throws
  // std::invalid_argument: a bug.
  static Reply of(int code, std::string_view enhanced, std::string_view text);
  static Reply plain(int code, std::string_view text);  // without an enhanced code

  [[nodiscard]] bool positive() const { return code >= 200 && code < 300; }
  [[nodiscard]] bool transient() const { return code >= 400 && code < 500; }
  [[nodiscard]] bool permanent() const { return code >= 500 && code < 600; }
  // "250-…CRLF250 …CRLF": each line with code and enhanced code, no line longer than 512 bytes
  // (longer texts are split), and nothing in the text but visible ASCII and blanks.
  [[nodiscard]] std::string wire() const;
  // "550 5.7.1 first line / second line", for the log; not encoded.
  [[nodiscard]] std::string summary() const;
  bool operator==(const Reply&) const = default;
};

// Reads one reply of an upstream from any slicing of its bytes. Takes multi-line replies of bounded
// size, enhanced codes on every line or none, and LF alone as a line end (it is a peer we chose).
// An enhanced code of the other failing class (450 with 5.7.1) is corrected: the reply code rules.
class ReplyParser {
 public:
  static constexpr std::size_t kMaxReplyBytes = 64 * 1024;

  // Consumes bytes up to the end of the reply; returns how many. Error: not an SMTP reply
  // (ErrorKind::protocol) or too large (ErrorKind::limit); the parser is then of no more use.
  Result<std::size_t> feed(std::string_view bytes);
  [[nodiscard]] bool complete() const { return complete_; }
  // The reply; resets the parser for the next one. Only when complete().
  Reply take();

 private:
  Result<void> take_line(std::string_view line);
  void finish();

  std::string partial_;  // of a line whose LF hasn't come
  Reply reply_;
  std::size_t bytes_ = 0;
  bool complete_ = false;
};

}  // namespace sekisho::smtp
