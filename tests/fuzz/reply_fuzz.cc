// An upstream's replies under any bytes. Oracles: slicing changes nothing, and whatever was read
// can be written to a client without a control byte, in lines of 512 bytes, and be read back.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/text.h"
#include "gateway/smtp/capabilities.h"
#include "gateway/smtp/reply.h"

namespace {

using sekisho::smtp::Capabilities;
using sekisho::smtp::Reply;
using sekisho::smtp::ReplyParser;

void require(bool condition) {
  if (!condition) std::abort();
}

struct Outcome {
  std::vector<Reply> replies;
  std::optional<sekisho::ErrorKind> error;
  bool operator==(const Outcome&) const = default;
};

Outcome read(std::string_view bytes, std::size_t slice) {
  ReplyParser parser;
  Outcome outcome;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto used = parser.feed(bytes.substr(at, slice));
    if (!used) {
      outcome.error = used.error().kind;
      break;
    }
    require(*used > 0);
    at += *used;
    if (parser.complete()) outcome.replies.push_back(parser.take());
  }
  return outcome;
}

void check_wire(const Reply& reply) {
  const auto wire = reply.wire();
  auto lines = sekisho::split(wire, '\n');
  require(lines.size() > 1 && lines.back().empty());
  lines.pop_back();
  for (auto line : lines) {
    require(line.size() < 512 && line.ends_with('\r'));
    line.remove_suffix(1);
    for (const char c : line) require(c >= ' ' && c <= '~');
  }
  if (wire.size() > ReplyParser::kMaxReplyBytes) return;
  ReplyParser parser;
  const auto used = parser.feed(wire);
  require(used && *used == wire.size() && parser.complete());
  const auto back = parser.take();
  require(back.code == reply.code);
  if (reply.enhanced) require(back.enhanced == reply.enhanced);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::size_t slice = data[0] % 16U + 1U;
  const std::string bytes(data + 1, data + size);
  const auto whole = read(bytes, bytes.size() + 1);
  require(whole == read(bytes, slice));
  for (const auto& reply : whole.replies) {
    require(reply.code >= 200 && reply.code <= 599 && !reply.lines.empty());
    check_wire(reply);
    const auto capabilities = Capabilities::parse(reply);
    check_wire(capabilities.to_reply("gateway.example", reply.lines.front()));
  }
  return 0;
}
