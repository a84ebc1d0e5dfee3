// The members of archives, and of archives in them, from memory: zip, gzip, tar. Bounded in
// members, depth and bytes unpacked: more is an Error, so that a bomb never passes as empty. The
// list is what any unpacker may make of the file: of a zip, the entries of its directory and those
// that stand in it without one. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/error.h"

namespace sekisho::rules::content {

struct ArchiveBudget {
  std::size_t members = 10'000;  // left, of all archives of a message
  std::size_t bytes = 64UL * 1024 * 1024;
  static constexpr int kMaxDepth = 8;
};

struct Member {
  std::vector<std::string> names;  // every reading
  std::uint64_t size = 0;          // unpacked, as the archive says it
  bool encrypted = false;
  bool readable = true;  // we can unpack it: false where it is encrypted or packed in a rare way
  std::string_view packed;
  bool deflated = false;
};

// An archive of a kind that we open.
[[nodiscard]] bool is_open_archive(std::string_view bytes);

using OnMember = std::function<Result<void>(const Member& member)>;
// The members of one archive, not of those in it. `name`: of the archive, for what a gzip holds.
[[nodiscard]] Result<void> list_members(std::string_view archive, std::string_view name,
                                        ArchiveBudget& budget, const OnMember& found);
// At most `most` bytes of the content; ErrorKind::limit where the budget ends.
[[nodiscard]] Result<std::string> unpack(const Member& member, std::size_t most,
                                         ArchiveBudget& budget);

}  // namespace sekisho::rules::content
