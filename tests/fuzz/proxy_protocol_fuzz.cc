// The PROXY header of a connection under any bytes. Oracles: slicing changes nothing, nothing
// behind the header is taken, and an announced client is read back from what we write of it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "gateway/net/proxy_protocol.h"

namespace {

using sekisho::ProxyHeader;
using sekisho::ProxyHeaderParser;

void require(bool condition) {
  if (!condition) std::abort();
}

struct Outcome {
  std::optional<ProxyHeader> header;
  std::size_t used = 0;
  bool broken = false;
  bool operator==(const Outcome&) const = default;
};

Outcome read(std::string_view bytes, std::size_t slice) {
  ProxyHeaderParser parser;
  Outcome outcome;
  std::size_t at = 0;
  while (at < bytes.size() && !parser.complete()) {
    const auto part = bytes.substr(at, slice);
    const auto used = parser.feed(part);
    if (!used) {
      outcome.broken = true;
      return outcome;
    }
    require(*used <= part.size() && (parser.complete() || *used == part.size()));
    at += *used;
  }
  if (!parser.complete()) return outcome;
  outcome.header = parser.header();
  outcome.used = at;
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Outcome whole = read(bytes, bytes.size() + 1);
  require(read(bytes, 1) == whole);
  require(read(bytes, 5) == whole);
  if (!whole.header) return 0;
  require(whole.used >= 15 && whole.used <= ProxyHeaderParser::kMaxBinaryBytes);
  require(read(bytes.substr(0, whole.used), bytes.size()) == whole);
  require(!read(bytes.substr(0, whole.used - 1), bytes.size()).header);
  if (whole.header->client != ProxyHeader::Client::announced) return 0;
  require(!whole.header->source.address.is_unspecified());
  const auto written =
      sekisho::encode_proxy_header(whole.header->source, whole.header->destination);
  const Outcome again = read(written, written.size());
  require(again.header == whole.header && again.used == written.size());
  return 0;
}
