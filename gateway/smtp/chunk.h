// BDAT (RFC 3030): a message in chunks of told lengths. What its command says, and what the text of
// a message must keep to that no dot ends: the lengths alone say where it ends, so a bare CR, bare
// LF or NUL leaves no doubt about that; but it would as soon as the message goes on by DATA, so
// text with one is refused all the same. Pure and incremental: feed any slicing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string_view>

#include "gateway/smtp/dot_codec.h"
#include "gateway/smtp/reply.h"

namespace sekisho::smtp {

// "BDAT 1024", "BDAT 0 LAST". The length is the client's word: nothing may be allocated by it.
struct Chunk {
  std::uint64_t size = 0;  // at most kMaxChunk
  bool last = false;
  bool operator==(const Chunk&) const = default;
};
inline constexpr std::uint64_t kMaxChunk = std::uint64_t{1} << 63U;

// 501 5.5.4 for all else, and for a length above kMaxChunk. How many bytes follow is then unknown:
// the session must end.
std::expected<Chunk, Reply> parse_bdat(std::string_view argument);

// The same flaws that DotDecoder finds, in text that comes without dots.
class TextCheck {
 public:
  // As DotDecoder's: 0 for no limit.
  explicit TextCheck(std::size_t max_line = 0) : max_line_(max_line) {}

  void feed(std::string_view bytes);
  // The text is over: a CR at its end has no LF.
  void finish();

  [[nodiscard]] DotDecoder::Flaw flaw() const { return flaw_; }
  // Nothing of a line is there that has no CRLF yet.
  [[nodiscard]] bool at_line_start() const { return line_ == 0; }

 private:
  void count(std::size_t bytes);
  void note(DotDecoder::Flaw flaw);

  std::size_t max_line_;
  std::size_t line_ = 0;  // bytes of the current line
  bool cr_ = false;       // the last byte was a CR
  DotDecoder::Flaw flaw_ = DotDecoder::Flaw::none;
};

}  // namespace sekisho::smtp
