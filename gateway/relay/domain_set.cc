#include "gateway/relay/domain_set.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <iterator>
#include <utility>

#include <fmt/format.h>
#include <sys/stat.h>

#include "gateway/base/encode.h"
#include "gateway/base/ip.h"
#include "gateway/base/text.h"
#include "gateway/smtp/address.h"

namespace sekisho::relay {
namespace {

constexpr std::string_view kBelow = "*.";
constexpr off_t kMaxFileBytes = 64L * 1024 * 1024;

// Top-level names that nobody can own in the public DNS (RFC 6761, RFC 6762 appendix G): the only
// ones that "*.name" may stand for, since "*.com" would relay for half the world.
constexpr std::array<std::string_view, 13> kPrivateTopLevel = {
    "corp",  "example",     "home",      "internal", "intranet", "invalid", "lan",
    "local", "localdomain", "localhost", "private",  "test",     "onion"};

// What tells one state of the file from another. The change time is in it because tools that keep
// the modification time (cp -p, rsync -t) exist. A file that was touched a moment ago gets a stamp
// that no later look can equal: the clock of file systems ticks in milliseconds, so a second change
// could hide in the same tick.
std::string stamp_of(const std::filesystem::path& file) {
  struct stat info{};
  if (::stat(file.c_str(), &info) != 0) return fmt::format("errno {}", errno);
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  const auto age = since_epoch - std::chrono::seconds(info.st_ctim.tv_sec) -
                   std::chrono::nanoseconds(info.st_ctim.tv_nsec);
  const bool fresh = age < std::chrono::milliseconds(50);
  return fmt::format("{}.{} {}.{} {} {}{}", info.st_mtim.tv_sec, info.st_mtim.tv_nsec,
                     info.st_ctim.tv_sec, info.st_ctim.tv_nsec, info.st_size, info.st_ino,
                     fresh ? " fresh" : "");
}

bool is_final(std::string_view stamp) { return !stamp.ends_with("fresh"); }

Result<std::string> read_whole(const std::filesystem::path& file) {
  struct stat info{};
  if (::stat(file.c_str(), &info) != 0) {
    return std::unexpected(
        system_error(ErrorKind::io, fmt::format("cannot read {}", file.native()), errno));
  }
  // A FIFO would block the thread for good.
  if (!S_ISREG(info.st_mode)) {
    return fail(ErrorKind::invalid, fmt::format("{}: not a regular file", file.native()));
  }
  if (info.st_size > kMaxFileBytes) {
    return fail(ErrorKind::limit, fmt::format("{}: larger than 64 MB", file.native()));
  }
  std::ifstream in(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (!in.is_open() || in.bad()) {
    return std::unexpected(
        system_error(ErrorKind::io, fmt::format("cannot read {}", file.native()), errno));
  }
  return text;
}

std::string quoted(std::string_view entry) { return '"' + encode_for_log(entry, 80) + '"'; }

}  // namespace

Result<void> DomainSet::add(std::string_view entry, Content& content) {
  const bool below = entry.starts_with(kBelow);
  const std::string_view name = below ? entry.substr(kBelow.size()) : entry;
  if (entry == "*" || name == "*") {
    return fail(ErrorKind::invalid, quoted(entry) + " would relay for every domain in the world");
  }
  if (name.find('*') != std::string_view::npos) {
    return fail(ErrorKind::invalid, quoted(entry) + ": a star may only stand as \"*.\" in front");
  }
  if (name.find('@') != std::string_view::npos) {
    return fail(ErrorKind::invalid, quoted(entry) + " is an address; write its domain alone");
  }
  if (name.starts_with('[') || IpAddress::parse(name)) {
    return fail(ErrorKind::invalid, quoted(entry) + " is an IP address, not a domain");
  }
  if (std::ranges::any_of(name, [](char c) { return static_cast<unsigned char>(c) >= 0x80; })) {
    return fail(ErrorKind::invalid, quoted(entry) + ": write the ASCII form (xn--…) of the domain");
  }
  auto domain = smtp::parse_domain(name);
  if (!domain) {
    return fail(ErrorKind::invalid,
                fmt::format("{} is not a domain name: {}", quoted(entry), domain.error().text));
  }
  if (below && domain->find('.') == std::string::npos &&
      std::ranges::find(kPrivateTopLevel, *domain) == kPrivateTopLevel.end()) {
    return fail(ErrorKind::invalid, quoted(entry) + " would relay for a whole top-level domain");
  }
  (below ? content.below : content.exact).insert(std::move(*domain));
  return {};
}

Result<void> DomainSet::check(std::string_view entry) {
  Content scratch;
  return add(entry, scratch);
}

Result<void> DomainSet::add_lines(std::string_view text, const std::filesystem::path& file,
                                  Content& content) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  std::size_t skipped = 0;
  if (text.starts_with(kByteOrderMark)) skipped = kByteOrderMark.size();
  const auto fail_at = [&](std::size_t line, std::size_t column, std::string_view why) {
    return fail(ErrorKind::invalid, fmt::format("{}:{}:{}: {}", file.native(), line, column, why));
  };
  std::size_t number = 0;
  bool any = false;
  for (std::string_view line : split(text.substr(skipped), '\n')) {
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    const std::string_view content_part = line.substr(0, line.find('#'));
    const std::string_view entry = trim(content_part);
    if (entry.empty()) continue;
    const auto column = static_cast<std::size_t>(entry.data() - line.data()) + 1;
    if (const auto blank = entry.find_first_of(" \t,;"); blank != std::string_view::npos) {
      return fail_at(number, column + blank, "one domain a line");
    }
    if (const auto added = add(entry, content); !added) {
      return fail_at(number, column, added.error().text);
    }
    any = true;
  }
  // Half of a rewrite in progress looks like this, and obeying it would bounce all mail for good.
  if (!any) return fail_at(1, 1, "holds no domain; take out domains_file if that is meant");
  return {};
}

Result<std::shared_ptr<const DomainSet::Content>> DomainSet::load() const {
  auto content = std::make_shared<Content>();
  for (const std::string& entry : configured_) {
    if (const auto added = add(entry, *content); !added) {
      return fail(ErrorKind::invalid, "relay.domains: " + added.error().text);
    }
  }
  if (!file_.empty()) {
    const auto text = read_whole(file_);
    if (!text) return std::unexpected(text.error());
    if (const auto added = add_lines(*text, file_, *content); !added) {
      return std::unexpected(added.error());
    }
  }
  return content;
}

Result<std::shared_ptr<DomainSet>> DomainSet::create(const std::vector<std::string>& domains,
                                                     const std::filesystem::path& file) {
  auto set = std::make_shared<DomainSet>();
  set->configured_ = domains;
  set->file_ = file;
  if (!file.empty()) set->stamp_ = stamp_of(file);
  auto content = set->load();
  if (!content) return std::unexpected(content.error());
  set->content_ = std::move(*content);
  return set;
}

std::shared_ptr<const DomainSet::Content> DomainSet::current() const {
  const std::lock_guard lock(mutex_);
  return content_;
}

bool DomainSet::contains(std::string_view domain) const {
  if (domain.empty() || domain.front() == '[') return false;
  const auto content = current();
  if (content->exact.contains(domain)) return true;
  if (content->below.empty()) return false;
  for (auto dot = domain.find('.'); dot != std::string_view::npos;
       dot = domain.find('.', dot + 1)) {
    if (content->below.contains(domain.substr(dot + 1))) return true;
  }
  return false;
}

bool DomainSet::empty() const {
  const auto content = current();
  return content->exact.empty() && content->below.empty();
}

Result<bool> DomainSet::reload_if_changed() {
  if (file_.empty()) return false;
  const std::lock_guard one_at_a_time(reloading_);
  // The stamp is taken before the read: a change during it is then seen at the next look.
  std::string stamp = stamp_of(file_);
  if (stamp == stamp_ && is_final(stamp)) return false;
  stamp_ = std::move(stamp);
  auto content = load();
  if (!content) {
    if (content.error().text == reason_) return false;
    reason_ = content.error().text;
    return std::unexpected(content.error());
  }
  reason_.clear();
  const std::lock_guard lock(mutex_);
  if (**content == *content_) return false;
  content_ = std::move(*content);
  return true;
}

}  // namespace sekisho::relay
