// What the readers of the archive kinds share. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "rules/content/archive.h"

namespace sekisho::rules::content {

// Little-endian; what lies beyond the end is zero.
[[nodiscard]] inline std::uint64_t little(std::string_view bytes, std::size_t at,
                                          std::size_t length) {
  std::uint64_t value = 0;
  for (std::size_t i = length; i-- > 0;) {
    const char c = at < bytes.size() && i < bytes.size() - at ? bytes[at + i] : '\0';
    value = (value << 8U) | static_cast<unsigned char>(c);
  }
  return value;
}

// Cut to what there is.
[[nodiscard]] inline std::string_view slice(std::string_view bytes, std::uint64_t at,
                                            std::uint64_t length) {
  if (at >= bytes.size()) return {};
  return bytes.substr(static_cast<std::size_t>(at), static_cast<std::size_t>(length));
}

[[nodiscard]] Result<void> list_zip(std::string_view archive, ArchiveBudget& budget,
                                    const OnMember& found);
[[nodiscard]] Result<void> list_tar(std::string_view archive, ArchiveBudget& budget,
                                    const OnMember& found);
// Counts it against the budget, and hands it on.
[[nodiscard]] Result<void> hand_on(const Member& member, ArchiveBudget& budget,
                                   const OnMember& found);

[[nodiscard]] bool is_zip(std::string_view bytes);
[[nodiscard]] bool is_tar(std::string_view bytes);

}  // namespace sekisho::rules::content
