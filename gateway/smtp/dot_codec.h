// DotDecoder turns the bytes after DATA into message bytes: undoes dot-stuffing and finds the end
// (RFC 5321 section 4.5.2). Only CRLF.CRLF is the end. Bare CR, bare LF and NUL are remembered as a
// flaw (SMTP smuggling: no two MTAs agree on them); the decoder still reads on to the real end, so
// that the rest of a bad message is never taken for commands. DotEncoder is the only way out.
// Both are pure and incremental: feed any slicing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sekisho::smtp {

class DotDecoder {
 public:
  enum class Flaw : std::uint8_t { none, bare_cr, bare_lf, nul, line_too_long };

  // A line longer than `max_line` bytes, CRLF included, is a flaw (RFC 5321 4.5.3.1.6 says 1000;
  // real mail has longer ones, so the listener's setting is larger). 0: no limit.
  // `repair`: a bare LF becomes CRLF instead. It ends a line of the output and nothing else: the
  // end of the message is found where it would be found without repair, and a dot behind it is
  // text.
  enum class BareLf : bool { refuse, repair };
  explicit DotDecoder(std::size_t max_line = 0, BareLf bare_lf = BareLf::refuse)
      : max_line_(max_line), bare_lf_(bare_lf) {}

  // Appends decoded bytes to `out` and returns how many of `bytes` were used: all of them, or up to
  // the end of the message, after which finished() is true and the rest belongs to the session.
  std::size_t feed(std::string_view bytes, std::string& out);

  [[nodiscard]] bool finished() const { return state_ == State::done; }
  // The first one found; a long line gives way to the others.
  [[nodiscard]] Flaw flaw() const { return flaw_; }
  // Decoded bytes so far, whether the caller kept them or not.
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  // line_start: nothing of the line seen, and the line before it ended with CRLF.
  // cr: the last byte was a CR, which is in the output already.
  // dot: the line began with a dot, which is not in the output.
  // dot_cr: the same and a CR, which is not in the output either.
  enum class State : std::uint8_t { line_start, text, cr, dot, dot_cr, done };

  std::size_t take_run(std::string_view bytes, std::string& out);
  std::size_t take_byte(char byte, std::string& out);
  std::size_t take_control(std::string_view bytes, std::size_t at);
  void count(std::size_t bytes);
  void end_line();
  void note(Flaw flaw) {
    if (flaw_ == Flaw::none || flaw_ == Flaw::line_too_long) flaw_ = flaw;
  }

  std::size_t max_line_;
  BareLf bare_lf_;
  std::size_t line_ = 0;  // bytes of the current line, a stuffed dot apart
  std::uint64_t size_ = 0;
  State state_ = State::line_start;
  Flaw flaw_ = Flaw::none;
};

class DotEncoder {
 public:
  // Appends `bytes`, dot-stuffed, to `out`. The message must be CRLF-clean (a decoder's output).
  // Should it not be, a dot behind a bare CR or LF is doubled as well: changed, but no receiver,
  // however lenient, finds the end of the message in it.
  void feed(std::string_view bytes, std::string& out);
  // Appends the end of data: a CRLF first when the message did not end with one. The encoder is
  // then ready for another message.
  void finish(std::string& out);

 private:
  enum class Last : std::uint8_t { line_end, bare_lf, cr, text };  // line_end: CRLF, or nothing yet

  Last last_ = Last::line_end;
};

}  // namespace sekisho::smtp
