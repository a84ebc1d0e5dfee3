#include "gateway/base/idna.h"

#include <cstdint>
#include <memory>

#include <idn2.h>

namespace sekisho {

std::optional<std::string> to_idna(std::string_view name) {
  if (name.contains('\0')) return std::nullopt;
  const std::string input(name);
  std::uint8_t* found = nullptr;
  const int failed = idn2_lookup_u8(reinterpret_cast<const std::uint8_t*>(input.c_str()), &found,
                                    IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const std::unique_ptr<std::uint8_t, void (*)(void*)> owned(found, idn2_free);
  if (failed != IDN2_OK) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(found));
}

}  // namespace sekisho
