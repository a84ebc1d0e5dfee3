// BDAT's command and the text of its chunks, in any slicing. Oracles: slicing changes nothing; a
// length that is taken says the same when it is written again; text is clean for TextCheck just
// where it is for the dot codec, by which it goes on, and comes back from there octet for octet.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gateway/smtp/chunk.h"
#include "gateway/smtp/command.h"

namespace {

using sekisho::smtp::Chunk;
using sekisho::smtp::DotDecoder;
using sekisho::smtp::DotEncoder;
using sekisho::smtp::TextCheck;
using sekisho::smtp::Verb;

void require(bool condition) {
  if (!condition) std::abort();
}

struct Outcome {
  DotDecoder::Flaw flaw = DotDecoder::Flaw::none;
  bool whole_lines = false;
  bool operator==(const Outcome&) const = default;
};

Outcome check(std::string_view text, std::size_t slice, std::size_t max_line) {
  TextCheck check(max_line);
  for (std::size_t at = 0; at < text.size(); at += slice) check.feed(text.substr(at, slice));
  check.finish();
  return {check.flaw(), check.at_line_start()};
}

bool is_clean(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool after_cr = i > 0 && text[i - 1] == '\r';
    if (text[i] == '\0' || (text[i] == '\n') != after_cr) return false;
  }
  return !text.ends_with('\r');
}

void check_command(std::string_view line) {
  const auto command = sekisho::smtp::parse_command(line);
  if (command.verb != Verb::bdat) return;
  const auto chunk = sekisho::smtp::parse_bdat(command.argument);
  if (!chunk) {
    require(chunk.error().code == 501);
    return;
  }
  require(chunk->size <= sekisho::smtp::kMaxChunk);
  const auto again =
      sekisho::smtp::parse_bdat(std::to_string(chunk->size) + (chunk->last ? " LAST" : ""));
  require(again && *again == *chunk);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t slice = data[0] % 16U + 1U;
  const std::size_t max_line = data[1] % 32U;
  const std::string text(data + 2, data + size);

  check_command(text);
  check_command("BDAT " + text);

  const Outcome whole = check(text, text.size() + 1, max_line);
  require(whole == check(text, slice, max_line));
  require(whole == check(text, 1, max_line));
  const Outcome unlimited = check(text, slice, 0);
  require(is_clean(text) == (unlimited.flaw == DotDecoder::Flaw::none));
  if (!is_clean(text)) return 0;

  require(whole.whole_lines == (text.empty() || text.ends_with("\r\n")));
  const std::string lines = whole.whole_lines ? text : text + "\r\n";
  DotEncoder encoder;
  std::string wire;
  encoder.feed(lines, wire);
  encoder.finish(wire);
  DotDecoder decoder(max_line);
  std::string back;
  require(decoder.feed(wire, back) == wire.size() && decoder.finished());
  require(back == lines && decoder.flaw() == check(lines, slice, max_line).flaw);
  return 0;
}
