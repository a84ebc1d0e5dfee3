// What a file is by its bytes, whatever it is called. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sekisho::rules::content {

// How many of the first bytes tell nearly all kinds (a tar's name stands at 257).
inline constexpr std::size_t kKindBytes = 512;

// Words of Type::part_kind. Several where a file is several things at once: a Word file is a
// document and an archive, a program with an archive behind it is both. "unknown" alone where no
// byte says anything. `bytes`: the whole file or its beginning.
[[nodiscard]] std::vector<std::string> kinds_of(std::string_view bytes);

// A document with a password: PDF, the older files of Office and the newer ones. `bytes`: all.
[[nodiscard]] bool is_encrypted_document(std::string_view bytes);

}  // namespace sekisho::rules::content
