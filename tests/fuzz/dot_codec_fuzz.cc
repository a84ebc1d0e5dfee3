// The dot codec under any bytes in any slicing. Oracles: slicing changes nothing; what the decoder
// calls clean is CRLF-clean and comes back octet for octet from encoder and decoder; and what the
// encoder writes holds no end, for the most lenient receiver, before its own.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gateway/smtp/dot_codec.h"

namespace {

using sekisho::smtp::DotDecoder;
using sekisho::smtp::DotEncoder;

void require(bool condition) {
  if (!condition) std::abort();
}

struct Outcome {
  std::string message;
  std::size_t used = 0;
  bool finished = false;
  DotDecoder::Flaw flaw = DotDecoder::Flaw::none;
  bool operator==(const Outcome&) const = default;
};

Outcome decode(std::string_view wire, std::size_t slice, std::size_t max_line) {
  DotDecoder decoder(max_line);
  Outcome outcome;
  while (outcome.used < wire.size() && !decoder.finished()) {
    const auto used = decoder.feed(wire.substr(outcome.used, slice), outcome.message);
    require(used > 0);
    outcome.used += used;
  }
  outcome.finished = decoder.finished();
  outcome.flaw = decoder.flaw();
  require(decoder.size() == outcome.message.size());
  return outcome;
}

// With repair the end is where it is without, and no bare LF is left.
void check_repair(std::string_view wire, std::size_t slice, const Outcome& strict) {
  DotDecoder decoder(0, DotDecoder::BareLf::repair);
  std::string message;
  std::size_t used = 0;
  while (used < wire.size() && !decoder.finished())
    used += decoder.feed(wire.substr(used, slice), message);
  require(used == strict.used && decoder.finished() == strict.finished);
  require(decoder.flaw() != DotDecoder::Flaw::bare_lf);
  for (std::size_t at = 0; at < message.size(); ++at)
    require(message[at] != '\n' || (at > 0 && message[at - 1] == '\r'));
}

std::string encode(std::string_view message, std::size_t slice) {
  DotEncoder encoder;
  std::string out;
  for (std::size_t at = 0; at < message.size(); at += slice) {
    encoder.feed(message.substr(at, slice), out);
  }
  encoder.finish(out);
  return out;
}

bool is_clean(std::string_view message) {
  for (std::size_t i = 0; i < message.size(); ++i) {
    const bool after_cr = i > 0 && message[i - 1] == '\r';
    if (message[i] == '\0' || (message[i] == '\n') != after_cr) return false;
  }
  return !message.ends_with('\r');
}

bool has_early_end(std::string_view wire) {
  const auto is_end = [](char c) { return c == '\r' || c == '\n'; };
  for (std::size_t i = 0; i + 3 < wire.size(); ++i) {
    if (wire[i] == '.' && (i == 0 || is_end(wire[i - 1])) && is_end(wire[i + 1])) return true;
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t slice = data[0] % 16U + 1U;
  const std::size_t max_line = data[1] % 32U;
  const std::string bytes(data + 2, data + size);

  const auto whole = decode(bytes, bytes.size() + 1, max_line);
  require(whole == decode(bytes, slice, max_line));
  require(whole == decode(bytes, 1, max_line));
  if (whole.finished) {
    const auto used = std::string_view(bytes).substr(0, whole.used);
    require(used == ".\r\n" || used.ends_with("\r\n.\r\n"));
    require(used.find("\r\n.\r\n") >= used.size() - std::min<std::size_t>(used.size(), 5));
  }
  const auto unlimited = decode(bytes, bytes.size() + 1, 0);
  if (unlimited.finished) {
    require(is_clean(unlimited.message) == (unlimited.flaw == DotDecoder::Flaw::none));
  }

  check_repair(bytes, slice, unlimited);

  const auto wire = encode(bytes, slice);
  require(wire == encode(bytes, bytes.size() + 1));
  require(!has_early_end(wire));
  const auto back = decode(wire, slice, 0);
  require(back.finished && back.used == wire.size());
  if (is_clean(bytes)) {
    require(back.flaw == DotDecoder::Flaw::none);
    const bool ended = bytes.empty() || bytes.ends_with("\r\n");
    require(back.message == (ended ? bytes : bytes + "\r\n"));
  }
  return 0;
}
