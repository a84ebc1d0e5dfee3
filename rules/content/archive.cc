#include "rules/content/archive.h"

#include <algorithm>
#include <array>
#include <memory>

#include <zlib.h>

#include "gateway/base/text.h"
#include "gateway/mail/mime_names.h"
#include "rules/content/archive_bytes.h"

namespace sekisho::rules::content {
namespace {

constexpr std::string_view kGzip = "\x1f\x8b";
constexpr int kRaw = -15;  // deflate without a header, window of 32 KiB
constexpr int kWithGzip = 15 + 16;

auto too_much() {
  return fail(ErrorKind::limit, "an archive holds more than is unpacked to look at it");
}

class Inflater {
 public:
  explicit Inflater(int window)
      : gzip_(window == kWithGzip), good_(inflateInit2(&stream_, window) == Z_OK) {}
  ~Inflater() {
    if (good_) inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Up to `most` bytes; what is broken ends it, as unpackers keep what they have by then.
  std::string run(std::string_view packed, std::size_t most) {
    std::string out;
    if (!good_) return out;
    std::array<Bytef, 16UL * 1024> block{};
    std::string_view rest = packed;
    int state = Z_OK;
    while (state == Z_OK && out.size() < most) {
      const std::size_t piece = std::min<std::size_t>(rest.size(), 1U << 30U);
      // zlib's interface knows no const; it doesn't write there.
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest.data()));
      stream_.avail_in = static_cast<uInt>(piece);
      stream_.next_out = block.data();
      stream_.avail_out = static_cast<uInt>(std::min(block.size(), most - out.size()));
      const uInt room = stream_.avail_out;
      state = inflate(&stream_, Z_NO_FLUSH);
      rest.remove_prefix(piece - stream_.avail_in);
      out.append(reinterpret_cast<const char*>(block.data()), room - stream_.avail_out);
      // A gzip may be several, one behind the other (RFC 1952 section 2.2).
      if (state == Z_STREAM_END && gzip_ && rest.starts_with(kGzip)) state = inflateReset(&stream_);
    }
    return out;
  }

 private:
  z_stream stream_{};
  bool gzip_;
  bool good_;
};

// One member: RFC 1952.
Result<void> list_gzip(std::string_view archive, std::string_view name, ArchiveBudget& budget,
                       const OnMember& found) {
  Member member{.names = {},
                .size = 0,
                .encrypted = false,
                .readable = true,
                .packed = archive,
                .deflated = true};
  const std::uint64_t flags = little(archive, 3, 1);
  if ((flags & 8U) != 0) {
    const std::size_t at = 10 + ((flags & 4U) != 0 ? 2 + little(archive, 10, 2) : 0);
    const std::string_view stored = slice(archive, at, 4096);
    mail::add_name_readings(member.names, std::string(stored.substr(0, stored.find('\0'))));
  }
  // Else, and for most unpackers even so, it is called as the archive without its ending.
  const std::size_t dot = name.rfind('.');
  if (dot != std::string_view::npos && dot > 0) {
    std::string inner(name.substr(0, dot));
    if (iequals(name.substr(dot + 1), "tgz")) inner += ".tar";
    mail::add_name_readings(member.names, inner);
  }
  if (archive.size() >= 4) member.size = little(archive, archive.size() - 4, 4);
  return hand_on(member, budget, found);
}

}  // namespace

Result<void> hand_on(const Member& member, ArchiveBudget& budget, const OnMember& found) {
  if (budget.members == 0)
    return fail(ErrorKind::limit, "the archives have more members than are looked at");
  --budget.members;
  return found(member);
}

bool is_open_archive(std::string_view bytes) {
  return is_zip(bytes) || is_tar(bytes) || bytes.starts_with(kGzip);
}

Result<void> list_members(std::string_view archive, std::string_view name, ArchiveBudget& budget,
                          const OnMember& found) {
  // By every form that it has: one file may be several kinds of archive at once, and which one is
  // opened, the reader's program decides.
  if (is_tar(archive)) {
    if (auto listed = list_tar(archive, budget, found); !listed) return listed;
  }
  if (archive.starts_with(kGzip)) {
    if (auto listed = list_gzip(archive, name, budget, found); !listed) return listed;
  }
  return is_zip(archive) ? list_zip(archive, budget, found) : Result<void>();
}

Result<std::string> unpack(const Member& member, std::size_t most, ArchiveBudget& budget) {
  const std::size_t bound = std::min(most, budget.bytes);
  std::string out;
  if (!member.deflated) {
    out = member.packed.substr(0, bound);
  } else {
    out = Inflater(member.packed.starts_with(kGzip) ? kWithGzip : kRaw).run(member.packed, bound);
  }
  if (out.size() == budget.bytes && most > budget.bytes) return too_much();
  budget.bytes -= out.size();
  return out;
}

}  // namespace sekisho::rules::content
