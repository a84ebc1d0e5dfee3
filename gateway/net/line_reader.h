// LineReader: CRLF-ended lines from a ByteStream (RFC 5321 section 2.3.8: CR and LF only as a
// pair), and raw bytes where a message follows. Keeps what was read ahead; holds no memory while
// there is nothing ahead: an idle reader costs its own size. Owned by the session beside its
// stream.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/async/loop.h"
#include "gateway/net/byte_stream.h"

namespace sekisho {

class LineReader {
 public:
  LineReader(Loop& loop, ByteStream& stream) : loop_(loop), stream_(stream) {}

  // Why a line is not a command. Where several hold, the first of: bare_lf, too_long, bare_cr, nul.
  enum class Flaw {
    none,
    too_long,  // longer than max; the reader has skipped to its CRLF. No text
    bare_lf,   // an LF without CR: where the line ends is open to dispute, so the session must end.
               // Returned as soon as the LF is seen, even if no CRLF ever comes. No text
    bare_cr,   // a CR inside the line
    nul,       // a NUL inside the line
  };
  struct Line {
    std::string_view text;  // without CRLF; valid until the next call or co_await
    Flaw flaw = Flaw::none;
  };

  // One line of at most `max` bytes, CRLF included. ErrorKind::closed at the peer's end, where half
  // a line is lost. After ErrorKind::timeout the next call goes on where this one stopped.
  Task<Result<Line>> read_line(std::size_t max, Deadline deadline);

  // Whatever bytes come next, at least one; valid until the next call or co_await.
  // ErrorKind::closed at the peer's end.
  Task<Result<std::string_view>> read_bytes(Deadline deadline);
  // Gives back the unread tail of the view that read_bytes() just returned.
  void unread(std::string_view tail);

  // Are bytes of the peer waiting here that nobody has read? (Pipelining; STARTTLS injection.)
  [[nodiscard]] bool has_ahead() const { return begin_ < ahead_.size(); }
  // Is a whole line here, so that read_line() would not wait for the peer?
  [[nodiscard]] bool has_line_ahead() const;
  // Forgets what was read ahead.
  void discard();

 private:
  // The line at the start of `bytes`, if its LF is there; `used` is then its length with CRLF.
  std::optional<Line> find_line(std::string_view bytes, std::size_t scanned, std::size_t max,
                                std::size_t& used);
  // With no LF in `bytes`: is the line too long by now, so that they can be forgotten?
  bool skip(std::string_view bytes, std::size_t max);
  void release();

  Loop& loop_;
  ByteStream& stream_;
  std::string ahead_;  // read from the stream, not yet handed out: from begin_ on
  std::size_t begin_ = 0;
  bool skipping_ = false;    // inside a line that was too long
  bool skipped_cr_ = false;  // its last byte so far was a CR
};

}  // namespace sekisho
