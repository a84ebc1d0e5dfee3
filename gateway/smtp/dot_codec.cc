#include "gateway/smtp/dot_codec.h"

#include "gateway/smtp/byte_scan.h"

namespace sekisho::smtp {

std::size_t DotDecoder::feed(std::string_view bytes, std::string& out) {
  const std::size_t before = out.size();
  std::size_t used = 0;
  while (used < bytes.size() && !finished()) {
    const bool plain = state_ == State::text || (state_ == State::line_start && bytes[used] != '.');
    used += plain ? take_run(bytes.substr(used), out) : take_byte(bytes[used], out);
  }
  size_ += out.size() - before;
  return used;
}

// Bytes that go to the output as they are, over as many lines as possible: up to a line that begins
// with a dot, or a CR whose successor isn't here yet.
std::size_t DotDecoder::take_run(std::string_view bytes, std::string& out) {
  std::size_t at = 0;
  std::size_t copied = 0;  // bytes[0, copied) are in the output
  do {
    state_ = State::text;
    const std::size_t hit = find_low_control(bytes, at);
    count(hit - at);
    at = hit;
    if (at == bytes.size()) break;
    if (bytes[at] == '\n' && bare_lf_ == BareLf::repair) {
      out.append(bytes.substr(copied, at - copied)).append("\r\n");
      copied = ++at;
      count(2);
      line_ = 0;
    } else {
      at = take_control(bytes, at);
    }
  } while (at < bytes.size() && !(state_ == State::line_start && bytes[at] == '.'));
  out.append(bytes.substr(copied, at - copied));
  return at;
}

// The control byte at `at`, and the LF of a CRLF; returns where to go on.
std::size_t DotDecoder::take_control(std::string_view bytes, std::size_t at) {
  count(1);
  switch (bytes[at++]) {
    case '\n':
      note(Flaw::bare_lf);
      break;
    case '\0':
      note(Flaw::nul);
      break;
    case '\r':
      if (at == bytes.size()) {
        state_ = State::cr;
      } else if (bytes[at] == '\n') {
        end_line();
        ++at;
      } else {
        note(Flaw::bare_cr);
      }
      break;
    default:
      break;
  }
  return at;
}

// The states in which the next byte decides about bytes before it. Returns 0 when the byte is to be
// looked at again as text.
std::size_t DotDecoder::take_byte(char byte, std::string& out) {
  switch (state_) {
    case State::line_start:
      state_ = State::dot;
      return 1;
    case State::dot:
      // RFC 5321 4.5.2: any other byte on the line makes the dot a stuffed one.
      state_ = byte == '\r' ? State::dot_cr : State::text;
      return byte == '\r' ? 1 : 0;
    case State::dot_cr:
      if (byte == '\n') {
        state_ = State::done;
        return 1;
      }
      out += '\r';
      count(1);
      note(Flaw::bare_cr);
      state_ = State::text;
      return 0;
    case State::cr:
      if (byte == '\n') {
        out += '\n';
        end_line();
        return 1;
      }
      note(Flaw::bare_cr);
      state_ = State::text;
      return 0;
    case State::text:
    case State::done:
      break;
  }
  return 0;
}

void DotDecoder::count(std::size_t bytes) {
  line_ += bytes;
  if (max_line_ != 0 && line_ > max_line_) note(Flaw::line_too_long);
}

void DotDecoder::end_line() {
  count(1);
  line_ = 0;
  state_ = State::line_start;
}

void DotEncoder::feed(std::string_view bytes, std::string& out) {
  if (bytes.empty()) return;
  std::size_t written = 0;  // bytes[0, written) are in the output
  std::size_t at = 0;
  // A LF that comes first ends a line when a CR ended the slice before.
  if (bytes[0] == '\n') {
    last_ = last_ == Last::cr ? Last::line_end : Last::bare_lf;
    at = 1;
  }
  for (;;) {
    if (at == bytes.size()) break;
    if (last_ != Last::text && bytes[at] == '.') {
      out.append(bytes.substr(written, at - written)).push_back('.');
      written = at;
    }
    last_ = Last::text;
    const std::size_t hit = find_low_control(bytes, at);
    if (hit == bytes.size()) break;
    at = hit + 1;
    if (bytes[hit] == '\n') {
      last_ = Last::bare_lf;
    } else if (bytes[hit] == '\r') {
      const bool pair = at < bytes.size() && bytes[at] == '\n';
      last_ = pair ? Last::line_end : Last::cr;
      if (pair) ++at;
    }
  }
  out.append(bytes.substr(written));
}

void DotEncoder::finish(std::string& out) {
  if (last_ != Last::line_end) out += "\r\n";
  out += ".\r\n";
  last_ = Last::line_end;
}

}  // namespace sekisho::smtp
