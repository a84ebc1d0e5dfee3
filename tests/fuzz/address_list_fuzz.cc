// Address lists of header fields. Oracles: an address that was read is one that the envelope's
// grammar reads as the same value, it stands within the input, in order and without overlap; its
// own text and its written form are each a list of exactly that address.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gateway/mail/address_list.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sekisho;
  const std::string_view value(reinterpret_cast<const char*>(data), size);
  const auto list = mail::parse_address_list(value);
  if (!list) return 0;
  std::size_t before = 0;
  for (const auto& [mailbox, begin, end] : *list) {
    require(before <= begin && begin < end && end <= value.size());
    before = end;
    const std::string written = mailbox.to_string();
    require(smtp::parse_mailbox(written, true) == mailbox);
    for (const std::string_view text :
         {std::string_view(written), value.substr(begin, end - begin)}) {
      const auto again = mail::parse_address_list(text);
      require(again && again->size() == 1 && again->front().mailbox == mailbox);
    }
  }
  return 0;
}
