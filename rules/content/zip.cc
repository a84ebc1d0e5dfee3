// Zip (APPNOTE.TXT 6.3). Unpackers go by the directory at the end, or by the entries from the
// start on; senders write files in which the two differ. Both are listed.
#include <algorithm>
#include <set>

#include "gateway/mail/mime_names.h"
#include "rules/content/archive_bytes.h"

namespace sekisho::rules::content {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kLocal = "PK\3\4"sv;
constexpr std::string_view kCentral = "PK\1\2"sv;
constexpr std::size_t kLocalSize = 30;
constexpr std::size_t kCentralSize = 46;
constexpr std::uint64_t kInZip64 = 0xFFFFFFFF;

// An entry as one of its two headers has it.
struct Entry {
  std::uint64_t flags = 0;
  std::uint64_t method = 0;
  std::uint64_t packed = 0;
  std::uint64_t size = 0;
  std::uint64_t local = 0;  // where its local header is
  std::string_view name{};
  std::string_view extra{};
};

// The fields of an extra field with this number; empty: not there.
std::string_view extra_field(std::string_view extra, std::uint64_t id) {
  while (extra.size() >= 4) {
    const std::string_view data = slice(extra, 4, little(extra, 2, 2));
    if (little(extra, 0, 2) == id) return data;
    extra.remove_prefix(std::min(extra.size(), 4 + data.size()));
  }
  return {};
}

// Sizes and offset that need 64 bits stand in an extra field, each only where it is needed.
void widen(Entry& entry) {
  std::string_view wide = extra_field(entry.extra, 1);
  for (std::uint64_t* value : {&entry.size, &entry.packed, &entry.local}) {
    if (*value != kInZip64 || wide.size() < 8) continue;
    *value = little(wide, 0, 8);
    wide.remove_prefix(8);
  }
}

class ZipReader {
 public:
  ZipReader(std::string_view archive, ArchiveBudget& budget, const OnMember& found)
      : archive_(archive), budget_(budget), found_(found) {}

  Result<void> list() {
    // Every directory: which one an unpacker takes depends on the end that it finds.
    for (std::size_t at = archive_.find(kCentral); at != std::string_view::npos;) {
      const Entry entry = central(at);
      if (auto taken = take(entry, local_of(entry)); !taken) return taken;
      at = archive_.find(kCentral, at + kCentralSize);
    }
    for (std::size_t at = archive_.find(kLocal); at != std::string_view::npos;) {
      const Entry entry = local(at);
      const bool known = seen_.contains(at);
      if (!known && !entry.name.empty() && (little(archive_, at + 4, 2) & 0xFFU) <= 63) {
        if (auto taken = take(entry, at); !taken) return taken;
      }
      at = archive_.find(kLocal, at + kLocalSize);
    }
    return {};
  }

 private:
  [[nodiscard]] Entry central(std::size_t at) const {
    Entry entry{.flags = little(archive_, at + 8, 2),
                .method = little(archive_, at + 10, 2),
                .packed = little(archive_, at + 20, 4),
                .size = little(archive_, at + 24, 4),
                .local = little(archive_, at + 42, 4)};
    const std::uint64_t name = little(archive_, at + 28, 2);
    entry.name = slice(archive_, at + kCentralSize, name);
    entry.extra = slice(archive_, at + kCentralSize + name, little(archive_, at + 30, 2));
    widen(entry);
    return entry;
  }

  [[nodiscard]] Entry local(std::size_t at) const {
    Entry entry{.flags = little(archive_, at + 6, 2),
                .method = little(archive_, at + 8, 2),
                .packed = little(archive_, at + 18, 4),
                .size = little(archive_, at + 22, 4),
                .local = at};
    const std::uint64_t name = little(archive_, at + 26, 2);
    entry.name = slice(archive_, at + kLocalSize, name);
    entry.extra = slice(archive_, at + kLocalSize + name, little(archive_, at + 28, 2));
    widen(entry);
    return entry;
  }

  // Its local header; npos: there is none. What stands before the archive (a program that unpacks
  // it) may or may not be counted in the offset.
  [[nodiscard]] std::size_t local_of(const Entry& entry) const {
    for (const std::uint64_t shift : {std::uint64_t{0}, std::uint64_t{start_}}) {
      const std::uint64_t at = entry.local + shift;
      if (at < archive_.size() && slice(archive_, at, 4) == kLocal)
        return static_cast<std::size_t>(at);
    }
    return std::string_view::npos;
  }

  Result<void> take(const Entry& entry, std::size_t at) {
    Member member{.names = {},
                  .size = entry.size,
                  .encrypted = (entry.flags & 1U) != 0,
                  .readable = true,
                  .packed = {},
                  .deflated = false};
    add_names(member, entry);
    std::uint64_t packed = entry.packed;
    std::uint64_t method = entry.method;
    if (at != std::string_view::npos) {
      seen_.insert(at);
      const Entry beside = local(at);
      add_names(member, beside);
      member.size = std::max(member.size, beside.size == kInZip64 ? 0 : beside.size);
      member.encrypted = member.encrypted || (beside.flags & 1U) != 0;
      packed = std::max(packed, beside.packed);
      if (beside.method != method) member.readable = false;  // who knows which is heeded
      // A size that follows the data (bit 3) is not known here: a stream tells its end itself.
      const std::uint64_t data = at + kLocalSize + beside.name.size() + beside.extra.size();
      const bool streamed = packed == 0 && (beside.flags & 8U) != 0;
      member.packed = slice(archive_, data, streamed ? archive_.size() : packed);
    }
    member.deflated = method == 8;
    member.readable = member.readable && !member.encrypted && at != std::string_view::npos &&
                      (method == 0 || method == 8);
    const bool folder = member.size == 0 && !entry.name.empty() &&
                        std::string_view("/\\").contains(entry.name.back());
    if (folder || member.names.empty()) return {};
    return hand_on(member, budget_, found_);
  }

  static void add_names(Member& member, const Entry& entry) {
    if (!entry.name.empty()) mail::add_name_readings(member.names, std::string(entry.name));
    // The same name in UTF-8 (Info-ZIP), which some unpackers prefer.
    const std::string_view unicode = extra_field(entry.extra, 0x7075);
    if (unicode.size() > 5) mail::add_name_readings(member.names, std::string(unicode.substr(5)));
  }

  std::string_view archive_;
  std::size_t start_ = std::min(archive_.find(kLocal), archive_.size());
  ArchiveBudget& budget_;
  const OnMember& found_;
  std::set<std::size_t> seen_;  // local headers
};

}  // namespace

bool is_zip(std::string_view bytes) {
  return bytes.starts_with(kLocal) || bytes.starts_with("PK\5\6"sv) ||
         bytes.starts_with("PK\7\x8"sv) ||
         bytes.substr(bytes.size() < 66'000 ? 0 : bytes.size() - 66'000).contains("PK\5\6"sv);
}

Result<void> list_zip(std::string_view archive, ArchiveBudget& budget, const OnMember& found) {
  return ZipReader(archive, budget, found).list();
}

}  // namespace sekisho::rules::content
