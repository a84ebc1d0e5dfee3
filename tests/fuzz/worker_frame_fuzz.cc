// The frames between the gateway and its worker processes, under any bytes. Oracles: a frame of one
// direction is none of the other; what decodes, encodes to the same bytes again, so no two frames
// differ in what a reader might overlook; and what is too large is never a frame. So with a setup.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "gateway/worker/frames.h"
#include "gateway/worker/setup.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace worker = sekisho::worker;
  const std::string bytes(data, data + size);
  const auto to = worker::decode_to_worker(bytes);
  const auto from = worker::decode_from_worker(bytes);
  require(!(to && from));
  require(!(to || from) || bytes.size() <= worker::kMaxFrame);
  // A number may be written in several ways ("007"), so that only its frame may change.
  if (to && worker::encode(*to) != bytes) {
    require(std::holds_alternative<worker::SetupFrame>(*to));
    const std::string again = worker::encode(*to).value();
    require(worker::decode_to_worker(again) == to);
  }
  if (from) require(worker::encode(*from) == bytes);
  if (const auto items = worker::decode_setup(bytes)) {
    const std::string again = worker::encode_setup(*items);  // in its order, each once
    require(again.size() <= bytes.size());
    require(worker::encode_setup(worker::decode_setup(again).value()) == again);
  }
  return 0;
}
