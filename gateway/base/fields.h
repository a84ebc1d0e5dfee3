// Fields: a list of byte strings as one, for the datagrams that our own processes exchange. Each
// field is two bytes of length (big endian) and its bytes; the list ends where its last field does.
// Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sekisho {

constexpr std::size_t kMaxField = 0xffff;

// The bytes of the whole list; nothing when a field is too long for its length.
std::optional<std::size_t> size_of_fields(const std::vector<std::string_view>& fields);
// Appends the list to `out`, which is not moved where it has the room already.
void append_fields(std::string& out, const std::vector<std::string_view>& fields);
// Nothing when the bytes are no such list. The views are into `bytes`.
std::optional<std::vector<std::string_view>> decode_fields(std::string_view bytes);

}  // namespace sekisho
