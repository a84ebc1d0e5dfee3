// Zip (APPNOTE.TXT 6.3). Unpackers go by the directory at the end, or by the entries from the
// start on; senders write files in which the two differ. Both are listed.
#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "gateway/mail/mime_names.h"
#include "rules/content/archive_bytes.h"

namespace sekisho::rules::content {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kLocal = "PK\3\4"sv;
constexpr std::string_view kCentral = "PK\1\2"sv;
constexpr std::string_view kEnd = "PK\5\6"sv;
constexpr std::size_t kEndWithin = 66'000;  // of the archive's last bytes
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

// Bytes that are spoken for, as ranges.
class Ranges {
 public:
  void add(std::size_t begin, std::size_t end) {
    if (begin >= end) return;
    auto at = ranges_.upper_bound(begin);
    if (at != ranges_.begin() && std::prev(at)->second >= begin) --at;
    while (at != ranges_.end() && at->first <= end) {
      begin = std::min(begin, at->first);
      end = std::max(end, at->second);
      at = ranges_.erase(at);
    }
    ranges_.emplace(begin, end);
  }
  // The end of the range that `at` is in; `at` itself where it is in none.
  [[nodiscard]] std::size_t past(std::size_t at) const {
    const auto next = ranges_.upper_bound(at);
    if (next == ranges_.begin()) return at;
    return std::max(at, std::prev(next)->second);
  }

 private:
  std::map<std::size_t, std::size_t> ranges_;  // begin and end; they don't touch
};

class ZipReader {
 public:
  ZipReader(std::string_view archive, ArchiveBudget& budget, const OnMember& found)
      : archive_(archive), budget_(budget), found_(found) {}

  Result<void> list() {
    // The directories that an end names, the last end first; then what stands outside of all that
    // was found: another directory, entries that are in none. What stands inside of a member is an
    // archive in the archive, and listed when that is opened.
    const std::size_t tail = archive_.size() - std::min<std::size_t>(archive_.size(), kEndWithin);
    for (std::size_t end = archive_.rfind(kEnd); end != std::string_view::npos && end >= tail;
         end = end == 0 ? std::string_view::npos : archive_.rfind(kEnd, end - 1)) {
      if (members_.past(end) != end) continue;
      const std::uint64_t size = little(archive_, end + 12, 4);
      if (size > end) continue;
      if (auto taken = take_directory(end - static_cast<std::size_t>(size)); !taken) return taken;
    }
    for (std::size_t at = next(kCentral, 0); at != std::string_view::npos;
         at = next(kCentral, at + kCentralSize)) {
      if (auto taken = take_directory(at); !taken) return taken;
    }
    for (std::size_t at = next(kLocal, 0); at != std::string_view::npos;
         at = next(kLocal, at + kLocalSize)) {
      const Entry entry = local(at);
      const bool known = seen_.contains(at);
      if (known || entry.name.empty() || (little(archive_, at + 4, 2) & 0xFFU) > 63) continue;
      if (auto taken = take(entry, at); !taken) return taken;
    }
    return {};
  }

 private:
  // The next place of a signature that is in no member.
  [[nodiscard]] std::size_t next(std::string_view signature, std::size_t at) const {
    for (at = archive_.find(signature, at); at != std::string_view::npos;
         at = archive_.find(signature, at)) {
      const std::size_t past = members_.past(at);
      if (past == at) return at;
      at = past;
    }
    return at;
  }

  // Entries one behind the other.
  Result<void> take_directory(std::size_t at) {
    while (slice(archive_, at, 4) == kCentral && !directory_.contains(at)) {
      directory_.insert(at);
      const Entry entry = central(at);
      if (auto taken = take(entry, local_of(entry)); !taken) return taken;
      at += kCentralSize + entry.name.size() + entry.extra.size() +
            static_cast<std::size_t>(little(archive_, at + 32, 2));
    }
    return {};
  }

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
      // Where the two differ, an entry may stand within the larger one.
      const bool unsaid = beside.packed == 0 && (beside.flags & 8U) != 0;
      const std::uint64_t sure = unsaid ? entry.packed : std::min(entry.packed, beside.packed);
      members_.add(static_cast<std::size_t>(data),
                   static_cast<std::size_t>(data + slice(archive_, data, sure).size()));
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
  std::set<std::size_t> seen_;       // local headers
  std::set<std::size_t> directory_;  // headers in directories
  Ranges members_;                   // their packed bytes
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
