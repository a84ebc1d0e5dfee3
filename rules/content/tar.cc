// tar: ustar (POSIX.1), with the long names of GNU and pax.
#include <algorithm>
#include <string>
#include <vector>

#include "gateway/mail/mime_names.h"
#include "rules/content/archive_bytes.h"

namespace sekisho::rules::content {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kMaxPaths = 100;  // of one member

std::string_view text_at(std::string_view block, std::size_t at, std::size_t length) {
  const std::string_view field = slice(block, at, length);
  return field.substr(0, field.find('\0'));
}

// Octal digits, or base 256 where the first bit is set.
std::uint64_t number_at(std::string_view block, std::size_t at, std::size_t length) {
  const std::string_view field = slice(block, at, length);
  std::uint64_t value = 0;
  if (!field.empty() && (static_cast<unsigned char>(field[0]) & 0x80U) != 0) {
    for (const char c : field.substr(field.size() > 8 ? field.size() - 8 : 1))
      value = (value << 8U) | static_cast<unsigned char>(c);
    return value;
  }
  for (const char c : field) {
    if (c >= '0' && c <= '7') value = value * 8 + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

// Every path among the records of a pax header, "27 path=some/name\n". Whoever counts the records'
// lengths wrongly takes another one, so all count.
std::vector<std::string_view> pax_paths(std::string_view records) {
  std::vector<std::string_view> paths;
  for (std::size_t at = records.find(" path="); at != std::string_view::npos;
       at = records.find(" path=", at + 1)) {
    const std::string_view path = records.substr(at + 6);
    paths.push_back(path.substr(0, path.find('\n')));
    if (paths.size() >= kMaxPaths) break;
  }
  return paths;
}

}  // namespace

bool is_tar(std::string_view bytes) { return slice(bytes, 257, 5) == "ustar"; }

Result<void> list_tar(std::string_view archive, ArchiveBudget& budget, const OnMember& found) {
  std::vector<std::string_view> long_names;
  for (std::uint64_t at = 0; at + kBlock <= archive.size();) {
    const std::string_view block = slice(archive, at, kBlock);
    const std::uint64_t size = number_at(block, 124, 12);
    const std::string_view content = slice(archive, at + kBlock, size);
    const char type = block[156];
    at += kBlock;
    // A size beyond the end: unpackers stop there, after this member.
    at = size > archive.size() - at ? archive.size() : at + (size + kBlock - 1) / kBlock * kBlock;
    if (block[0] == '\0') {
      if (long_names.empty()) continue;  // the empty blocks of the end, behind which may be more
    }
    if (type == 'L') {
      long_names.push_back(content.substr(0, content.find('\0')));
      continue;
    }
    if (type == 'x' || type == 'g') {
      const auto paths = pax_paths(content);
      long_names.insert(long_names.end(), paths.begin(), paths.end());
      continue;
    }
    if (long_names.size() > kMaxPaths) long_names.resize(kMaxPaths);
    if (type == '5' || type == 'K') continue;
    Member member{.names = {},
                  .size = size,
                  .encrypted = false,
                  .readable = true,
                  .packed = content,
                  .deflated = false};
    for (const auto name : long_names)
      if (!name.empty()) mail::add_name_readings(member.names, std::string(name));
    const std::string_view name = text_at(block, 0, 100);
    const std::string_view prefix = text_at(block, 345, 155);
    if (!prefix.empty())
      mail::add_name_readings(member.names, std::string(prefix) + "/" + std::string(name));
    if (!name.empty()) mail::add_name_readings(member.names, std::string(name));
    long_names.clear();
    if (member.names.empty()) continue;
    if (auto taken = hand_on(member, budget, found); !taken) return taken;
  }
  return {};
}

}  // namespace sekisho::rules::content
