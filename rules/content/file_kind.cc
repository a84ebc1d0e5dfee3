#include "rules/content/file_kind.h"

#include <algorithm>
#include <array>

#include "gateway/base/text.h"

namespace sekisho::rules::content {
namespace {

using namespace std::string_view_literals;

struct Magic {
  std::size_t at;
  std::string_view bytes;
  std::string_view kind;
};

constexpr auto kMagics = std::to_array<Magic>({
    {0,
     "\x7f"
     "ELF"sv,
     "program"},
    {0, "\xfe\xed\xfa\xce"sv, "program"},
    {0, "\xfe\xed\xfa\xcf"sv, "program"},
    {0, "\xce\xfa\xed\xfe"sv, "program"},
    {0, "\xcf\xfa\xed\xfe"sv, "program"},
    {0, "\xca\xfe\xba\xbe"sv, "program"},      // Mach-O for several machines; Java
    {0, "\x4c\0\0\0\1\x14\2\0"sv, "program"},  // a shortcut (.lnk), which runs what it names
    {0, "dex\n"sv, "program"},
    {0, "\0asm"sv, "program"},
    {0, "FWS"sv, "program"},  // Flash
    {0, "CWS"sv, "program"},
    {0, "ZWS"sv, "program"},
    {0, "#!"sv, "script"},
    {0, "<?php"sv, "script"},
    {0, "#@~^"sv, "script"},  // encoded VBScript and JScript
    {0, "PK\3\4"sv, "archive"},
    {0, "PK\5\6"sv, "archive"},
    {0, "PK\7\x8"sv, "archive"},
    {0, "Rar!\x1a\7"sv, "archive"},
    {0, "7z\xbc\xaf\x27\x1c"sv, "archive"},
    {0, "\x1f\x8b"sv, "archive"},
    {0, "\x1f\x9d"sv, "archive"},
    {0, "\x1f\xa0"sv, "archive"},
    {0, "BZh"sv, "archive"},
    {0,
     "\xfd"
     "7zXZ\0"sv,
     "archive"},
    {0, "\x5d\0\0"sv, "archive"},  // lzma
    {0, "\x28\xb5\x2f\xfd"sv, "archive"},
    {0, "\x04\x22\x4d\x18"sv, "archive"},
    {0, "MSCF"sv, "archive"},
    {0, "ISc("sv, "archive"},
    {0, "\x60\xea"sv, "archive"},  // arj
    {0, "!<arch>\n"sv, "archive"},
    {0, "070701"sv, "archive"},
    {0, "070707"sv, "archive"},
    {0, "xar!"sv, "archive"},
    {0, "zoo "sv, "archive"},
    {2, "-lh"sv, "archive"},
    {2, "-lz"sv, "archive"},
    {7, "**ACE**"sv, "archive"},
    {257, "ustar"sv, "archive"},
    {0, "\x78\x9f\x3e\x22"sv, "archive"},  // winmail.dat
    {0, "vhdxfile"sv, "disk-image"},
    {0, "conectix"sv, "disk-image"},
    {0, "KDMV"sv, "disk-image"},
    {0, "QFI\xfb"sv, "disk-image"},
    {0, "MSWIM\0"sv, "disk-image"},
    {0x8001, "CD001"sv, "disk-image"},
    {0x8001, "BEA01"sv, "disk-image"},
    {0x8801, "CD001"sv, "disk-image"},
    {0, "{\\rt"sv, "document"},
    {0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"sv, "document"},
    {0, "\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d"sv, "document"},  // OneNote
    {0, "\xffWPC"sv, "document"},
    {0, "ITSF"sv, "document"},  // Windows help
    {0, "AT&TFORM"sv, "document"},
    {0, "%!PS"sv, "document"},
    {0, "\xc5\xd0\xd3\xc6"sv, "document"},
    {0, "\x89PNG\r\n\x1a\n"sv, "image"},
    {0, "\xff\xd8\xff"sv, "image"},
    {0, "GIF8"sv, "image"},
    {0, "II*\0"sv, "image"},
    {0, "MM\0*"sv, "image"},
    {0, "8BPS"sv, "image"},
    {0, "\0\0\1\0"sv, "image"},
    {0, "\xd7\xcd\xc6\x9a"sv, "image"},
    {40, " EMF"sv, "image"},
    {8, "WEBP"sv, "image"},
    {4, "ftyphei"sv, "image"},
    {4, "ftypmif1"sv, "image"},
    {4, "ftypavif"sv, "image"},
    {0, "ID3"sv, "audio"},
    {0, "fLaC"sv, "audio"},
    {0, "OggS"sv, "audio"},
    {0, "MThd"sv, "audio"},
    {0, "\xff\xfb"sv, "audio"},
    {0, "\xff\xf1"sv, "audio"},
    {0, "#!AMR"sv, "audio"},
    {4, "ftypM4A"sv, "audio"},
    {8, "WAVE"sv, "audio"},
    {8, "AIFF"sv, "audio"},
    {8, "AVI "sv, "video"},
    {0, "\x1a\x45\xdf\xa3"sv, "video"},
    {0, "FLV\1"sv, "video"},
    {0, "\0\0\1\xba"sv, "video"},
    {0, "\0\0\1\xb3"sv, "video"},
    {0, "\x30\x26\xb2\x75"sv, "video"},
    {4, "moov"sv, "video"},
});

bool has_at(std::string_view bytes, std::size_t at, std::string_view what) {
  return at < bytes.size() && bytes.substr(at).starts_with(what);
}

void add(std::vector<std::string>& kinds, std::string_view kind) {
  if (std::ranges::find(kinds, kind) == kinds.end()) kinds.emplace_back(kind);
}

// MZ, where it isn't just a text that begins so: the header of a program is never free of controls
// unless somebody made it so, and then a jump follows that text doesn't have either.
bool is_dos_program(std::string_view bytes) {
  if (!bytes.starts_with("MZ") && !bytes.starts_with("ZM")) return false;
  return std::ranges::any_of(bytes.substr(0, 64), [](char c) {
    return static_cast<unsigned char>(c) < ' ' && c != '\r' && c != '\n' && c != '\t';
  });
}

// Nothing but what a text has; bytes above ASCII may be of any charset.
bool is_text(std::string_view bytes) {
  if (bytes.starts_with("\xff\xfe") || bytes.starts_with("\xfe\xff")) return true;
  return !bytes.empty() && std::ranges::all_of(bytes, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= ' ' || c == '\r' || c == '\n' || c == '\t' || c == '\f' || c == '\x1b' ||
           c == '\b';
  });
}

std::uint32_t little_32(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) {
    const char c = at + i < bytes.size() ? bytes[at + i] : '\0';
    value = (value << 8U) | static_cast<unsigned char>(c);
  }
  return value;
}

constexpr std::string_view kCompound = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"sv;

// A compound file whose root says that Windows Installer opens it.
bool is_installer(std::string_view bytes) {
  constexpr std::string_view kClass = "\x84\x10\x0c\0\0\0\0\0\xc0\0\0\0\0\0\0\x46"sv;
  if (!bytes.starts_with(kCompound)) return false;
  const unsigned shift = static_cast<unsigned char>(bytes.size() > 30 ? bytes[30] : 9);
  if (shift < 7 || shift > 16) return false;
  const std::uint64_t directory = (std::uint64_t{little_32(bytes, 48)} + 1) << shift;
  return directory < bytes.size() &&
         has_at(bytes, static_cast<std::size_t>(directory) + 80, kClass);
}

void add_kinds_of_text(std::vector<std::string>& kinds, std::string_view bytes) {
  add(kinds, "text");
  const std::string start = to_lower(bytes.substr(0, kKindBytes));
  const std::string_view first = trim(std::string_view(start));
  for (const std::string_view script :
       {"@echo off", "<job", "<package", "<hta:application", "<scriptlet"}) {
    if (first.contains(script)) add(kinds, "script");
  }
  if (first.contains("<svg")) add(kinds, "image");
}

}  // namespace

std::vector<std::string> kinds_of(std::string_view bytes) {
  std::vector<std::string> kinds;
  if (is_dos_program(bytes) || is_installer(bytes)) add(kinds, "program");
  for (const Magic& magic : kMagics) {
    if (has_at(bytes, magic.at, magic.bytes)) add(kinds, magic.kind);
  }
  if (bytes.starts_with("BM") && has_at(bytes, 6, "\0\0\0\0"sv)) add(kinds, "image");
  if (has_at(bytes, 4, "ftyp") && kinds.empty()) add(kinds, "video");
  // Readers look for it beyond the start.
  if (bytes.substr(0, 1024).contains("%PDF-")) add(kinds, "document");
  const std::size_t last = bytes.size() < 512 ? 0 : bytes.size() - 512;
  if (has_at(bytes, last, "koly") || has_at(bytes, last, "conectix")) add(kinds, "disk-image");
  // An archive's end, with something else before it.
  if (std::ranges::find(kinds, "archive") == kinds.end()) {
    const std::size_t tail = bytes.size() < 66'000 ? 0 : bytes.size() - 66'000;
    if (bytes.substr(tail).contains("PK\5\6"sv)) add(kinds, "archive");
  }
  if (is_text(bytes.substr(0, kKindBytes))) add_kinds_of_text(kinds, bytes);
  if (kinds.empty()) add(kinds, "unknown");
  return kinds;
}

bool is_encrypted_document(std::string_view bytes) {
  if (bytes.substr(0, 1024).contains("%PDF-")) return bytes.contains("/Encrypt");
  if (!bytes.starts_with(kCompound)) return false;
  constexpr std::string_view kPackage = "E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0"sv;
  if (bytes.contains(kPackage)) return true;
  const std::string_view stream = bytes.substr(std::min<std::size_t>(512, bytes.size()));
  // Word: a flag of the header of its stream. Excel: the record behind the first.
  if (stream.starts_with("\xec\xa5")) return stream.size() > 11 && (stream[11] & 1) != 0;
  if (!stream.starts_with("\x09\x08") || stream.size() < 6) return false;
  const std::size_t next =
      4U + static_cast<unsigned char>(stream[2]) + 256U * static_cast<unsigned char>(stream[3]);
  return has_at(stream, next, "\x2f\0"sv);
}

}  // namespace sekisho::rules::content
