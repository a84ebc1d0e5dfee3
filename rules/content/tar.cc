// tar: ustar (POSIX.1), with the long names of GNU and pax.
#include <algorithm>

#include "gateway/mail/mime_names.h"
#include "rules/content/archive_bytes.h"

namespace sekisho::rules::content {
namespace {

constexpr std::size_t kBlock = 512;

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

// "27 path=some/name\n" among the records of a pax header.
std::string_view pax_path(std::string_view records) {
  const std::size_t at = records.find(" path=");
  if (at == std::string_view::npos) return {};
  const std::string_view path = records.substr(at + 6);
  return path.substr(0, path.find('\n'));
}

}  // namespace

bool is_tar(std::string_view bytes) { return slice(bytes, 257, 5) == "ustar"; }

Result<void> list_tar(std::string_view archive, ArchiveBudget& budget, const OnMember& found) {
  std::string_view long_name;
  for (std::uint64_t at = 0; at + kBlock <= archive.size();) {
    const std::string_view block = slice(archive, at, kBlock);
    const std::uint64_t size = number_at(block, 124, 12);
    const std::string_view content = slice(archive, at + kBlock, size);
    const char type = block[156];
    at += kBlock;
    // A size beyond the end: unpackers stop there, after this member.
    at = size > archive.size() - at ? archive.size() : at + (size + kBlock - 1) / kBlock * kBlock;
    if (block[0] == '\0') {
      if (long_name.empty()) continue;  // the empty blocks of the end, behind which may be more
    }
    if (type == 'L') {
      long_name = content.substr(0, content.find('\0'));
      continue;
    }
    if (type == 'x') {
      if (const auto path = pax_path(content); !path.empty()) long_name = path;
      continue;
    }
    if (type == '5' || type == 'g' || type == 'K') continue;
    Member member{.names = {},
                  .size = size,
                  .encrypted = false,
                  .readable = true,
                  .packed = content,
                  .deflated = false};
    if (!long_name.empty()) mail::add_name_readings(member.names, std::string(long_name));
    const std::string_view name = text_at(block, 0, 100);
    const std::string_view prefix = text_at(block, 345, 155);
    if (!prefix.empty())
      mail::add_name_readings(member.names, std::string(prefix) + "/" + std::string(name));
    if (!name.empty()) mail::add_name_readings(member.names, std::string(name));
    long_name = {};
    if (member.names.empty()) continue;
    if (auto taken = hand_on(member, budget, found); !taken) return taken;
  }
  return {};
}

}  // namespace sekisho::rules::content
