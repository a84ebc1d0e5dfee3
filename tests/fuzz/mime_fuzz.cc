// The MIME view under any bytes. Oracles: the blocks in which the bytes arrive change nothing; the
// bounds hold; a view that hit a bound says so.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gateway/mail/mime_view.h"

namespace {

using sekisho::Result;
using sekisho::mail::MimeLimits;
using sekisho::mail::MimeView;

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string all(data, data + size);
  const std::string_view message = std::string_view(all).substr(1);
  const std::size_t block = 1 + data[0] % 64U;

  MimeLimits limits;
  limits.max_depth = 6;
  limits.max_parts = 20;
  limits.max_part_header = sekisho::Bytes{4096};
  limits.max_time = std::chrono::minutes(10);  // the clock must not decide what is found

  const MimeView whole = MimeView::parse_text(message, limits);
  require(whole.parts.size() <= 20);
  require(!whole.parts.empty() || !whole.complete);
  require(whole.complete == whole.incomplete_reason.empty());
  for (const auto& part : whole.parts) {
    require(part.depth <= 7);  // a uuencoded file in the deepest part is one deeper
    require(part.offset <= message.size());
    require(part.magic.size() <= sekisho::mail::kMagicBytes);
    require(part.names.size() <= 64);
    require(!part.type.empty());
    for (const auto& extension : part.extensions()) require(extension.size() <= 1024);
  }

  const auto sliced = MimeView::parse(
      [&](std::uint64_t offset, std::size_t max, std::string& out) -> Result<void> {
        out.clear();
        if (offset < message.size()) out = message.substr(offset, std::min(max, block));
        return {};
      },
      limits);
  require(sliced.has_value());
  require(sliced->parts == whole.parts);
  require(sliced->complete == whole.complete);
  require(sliced->incomplete_reason == whole.incomplete_reason);
  return 0;
}
