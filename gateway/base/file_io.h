// Small files that administrators edit, such as lists and passwords: a whole read, a lock, a
// replacement that survives a crash at any instant. All of it blocks; not on a loop. Any thread.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "gateway/base/error.h"
#include "gateway/base/file.h"
#include "gateway/base/secret.h"

namespace sekisho {

// A regular file of at most `max` bytes.
constexpr std::size_t kMaxFileBytes = 64UL * 1024 * 1024;
Result<std::string> read_whole_file(const std::filesystem::path& path,
                                    std::size_t max = kMaxFileBytes);

// A password or token: the first line of a file, which must not be empty or hold a NUL. What was
// read besides is wiped.
Result<Secret> read_secret(const std::filesystem::path& path);

// Waits for the exclusive lock; it ends with the handle.
Result<File> lock_file(const std::filesystem::path& path);

// Makes an empty file of mode 0600; an error when there is one.
Result<void> create_file(const std::filesystem::path& path);

// The old content or the new one, never a mixture, whenever the machine stops. Mode and owner stay.
Result<void> replace_file(const std::filesystem::path& path, std::string_view text);

}  // namespace sekisho
