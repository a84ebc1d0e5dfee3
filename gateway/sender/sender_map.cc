#include "gateway/sender/sender_map.h"

#include <algorithm>
#include <expected>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "gateway/base/encode.h"
#include "gateway/base/file_io.h"
#include "gateway/base/text.h"
#include "gateway/base/utf8.h"
#include "gateway/sender/sender_map_text.h"

namespace sekisho::sender {
namespace {

constexpr std::string_view kAnyAt = "*@";
constexpr std::string_view kBelow = "*.";

std::string in_quotes(std::string_view text) { return '"' + encode_for_log(text, 80) + '"'; }

auto bad(std::string why) { return fail(ErrorKind::invalid, std::move(why)); }

bool is_group_name(std::string_view name) {
  return !name.empty() &&
         std::ranges::all_of(name, [](char c) { return is_alnum(c) || c == '-' || c == '_'; });
}

Result<std::string> group_name(std::string_view word) {
  const std::string_view name = word.substr(1);
  if (is_group_name(name)) return to_lower(name);
  if (name.find('.') != std::string_view::npos)
    return bad(fmt::format("{} is no group; for every address of the domain write {}",
                           in_quotes(word), in_quotes("*" + std::string(word))));
  return bad(in_quotes(word) + " is no group: its name is letters, digits, - and _");
}

Result<std::string> user_name(std::string_view name) {
  if (!is_utf8(name)) return bad("the user's name is not UTF-8");
  if (name.find_first_of("\"<>,") != std::string_view::npos)
    return bad(in_quotes(name) + " is no user's name; write it as it logs in");
  return to_lower(name);
}

// Any entry but a group.
Result<void> add_entry(std::string_view entry, std::size_t line, OwnedAddresses& owned) {
  if (entry == "*") {
    owned.anything = line;
    return {};
  }
  if (entry.starts_with(kAnyAt)) {
    std::string_view name = entry.substr(kAnyAt.size());
    const bool below = name.starts_with(kBelow);
    if (below) name.remove_prefix(kBelow.size());
    if (name == "*") return bad(in_quotes(entry) + ": for any address write * alone");
    const auto parsed = smtp::parse_domain(name, true);
    if (!parsed) return bad(fmt::format("{}: {}", in_quotes(entry), parsed.error().text));
    auto domain = canonical_domain(*parsed);
    if (!domain) return bad(in_quotes(entry) + ": the domain has no form in DNS");
    (below ? owned.below : owned.domains).try_emplace(std::move(*domain), line);
    return {};
  }
  if (entry.find('@') == std::string_view::npos)
    return bad(fmt::format("{} is no address; for every address of a domain write \"*@domain\"",
                           in_quotes(entry)));
  if (entry.find('*') != std::string_view::npos && entry.find('"') == std::string_view::npos)
    return bad(in_quotes(entry) + ": a star stands for the whole local part or not at all");
  auto mailbox = smtp::parse_mailbox(entry, true);
  if (!mailbox) return bad(fmt::format("{}: {}", in_quotes(entry), mailbox.error().text));
  const auto address = canonical(*mailbox);
  if (!address) return bad(in_quotes(entry) + ": the domain has no form in DNS");
  owned.addresses.try_emplace(address->key(), line);
  if (!owned.first) owned.first = std::move(*mailbox);
  return {};
}

struct NumberedLine {
  std::size_t number = 0;
  MapLine parsed;
};
using Groups = std::map<std::string, OwnedAddresses, std::less<>>;

// What is wrong, and where.
struct Fault {
  std::size_t line = 1;
  std::size_t column = 1;
  std::string why;
};
template <class T>
using Read = std::expected<T, Fault>;

std::unexpected<Fault> fault(std::size_t line, std::size_t column, std::string why) {
  return std::unexpected(Fault{line, column, std::move(why)});
}

Read<std::vector<NumberedLine>> read_lines(std::string_view text) {
  std::vector<NumberedLine> lines;
  std::size_t number = 0;
  for (const std::string_view raw : split(text, '\n')) {
    ++number;
    const std::string_view content = without_comment(raw);
    if (content.empty()) continue;
    const auto column = static_cast<std::size_t>(content.data() - raw.data()) + 1;
    auto parsed = parse_map_line(content, column);
    if (!parsed) return fault(number, parsed.error().column, std::move(parsed.error().why));
    lines.push_back({number, std::move(*parsed)});
  }
  // Half of a rewrite in progress looks like this, and obeying it would refuse all mail.
  if (lines.empty()) return fault(1, 1, "holds no line; take out map_file if that is meant");
  return lines;
}

bool is_of_group(const MapLine& line) { return line.who.text.starts_with('@'); }

Read<Groups> read_groups(const std::vector<NumberedLine>& lines) {
  Groups groups;
  for (const auto& [line, parsed] : lines) {
    if (!is_of_group(parsed)) continue;
    auto name = group_name(parsed.who.text);
    if (!name) return fault(line, parsed.who.column, std::move(name.error().text));
    OwnedAddresses& group = groups[std::move(*name)];
    for (const auto& [entry, column] : parsed.entries) {
      if (entry.starts_with('@'))
        return fault(line, column, "a group holds no other group; write out its addresses");
      if (auto added = add_entry(entry, line, group); !added)
        return fault(line, column, std::move(added.error().text));
    }
  }
  return groups;
}

Read<void> read_entry(const MapWord& entry, std::size_t line, const Groups& groups,
                      OwnedAddresses& owned) {
  if (!entry.text.starts_with('@')) {
    if (auto added = add_entry(entry.text, line, owned); !added)
      return fault(line, entry.column, std::move(added.error().text));
    return {};
  }
  auto name = group_name(entry.text);
  if (!name) return fault(line, entry.column, std::move(name.error().text));
  const auto group = groups.find(*name);
  if (group == groups.end())
    return fault(line, entry.column,
                 fmt::format("there is no group {}; add a line \"@{}: address, address\"",
                             in_quotes(entry.text), *name));
  owned.add(group->second);
  return {};
}

}  // namespace

std::size_t OwnedAddresses::find(const CanonicalAddress& address,
                                 std::string_view separator) const {
  const auto line_of = [](const Lines& lines, std::string_view key) {
    const auto found = lines.find(key);
    return found == lines.end() ? std::size_t{0} : found->second;
  };
  if (anything != 0) return anything;
  if (const auto line = line_of(addresses, address.key())) return line;
  if (const auto line = line_of(domains, address.domain)) return line;
  if (!address.domain.starts_with('['))
    for (auto dot = address.domain.find('.'); dot != std::string::npos;
         dot = address.domain.find('.', dot + 1))
      if (const auto line = line_of(below, std::string_view(address.domain).substr(dot + 1)))
        return line;
  if (separator.empty()) return 0;
  // Each place where a tag could begin: "a+b" may itself be an address with tags.
  for (auto at = address.local.find(separator); at != std::string::npos;
       at = address.local.find(separator, at + 1))
    if (at > 0)
      if (const auto line = line_of(
              addresses, CanonicalAddress{address.local.substr(0, at), address.domain}.key()))
        return line;
  return 0;
}

void OwnedAddresses::add(const OwnedAddresses& others) {
  addresses.insert(others.addresses.begin(), others.addresses.end());
  domains.insert(others.domains.begin(), others.domains.end());
  below.insert(others.below.begin(), others.below.end());
  if (anything == 0) anything = others.anything;
  if (!first) first = others.first;
}

Result<SenderMap> SenderMap::parse(std::string_view text, const std::filesystem::path& file) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const auto refuse = [&file](const Fault& at) {
    return bad(fmt::format("{}:{}:{}: {}", file.native(), at.line, at.column, at.why));
  };
  const auto lines = read_lines(text);
  if (!lines) return refuse(lines.error());
  const auto groups = read_groups(*lines);
  if (!groups) return refuse(groups.error());
  SenderMap map;
  for (const auto& [line, parsed] : *lines) {
    if (is_of_group(parsed)) continue;
    auto user = user_name(parsed.who.text);
    if (!user) return refuse({line, parsed.who.column, std::move(user.error().text)});
    OwnedAddresses& owned = *user == "*" ? map.everybody_ : map.users_[std::move(*user)];
    for (const MapWord& entry : parsed.entries)
      if (const auto added = read_entry(entry, line, *groups, owned); !added)
        return refuse(added.error());
  }
  return map;
}

const OwnedAddresses* SenderMap::of_user(std::string_view user) const {
  const auto found = users_.find(to_lower(user));
  return found == users_.end() ? nullptr : &found->second;
}

Result<std::shared_ptr<SenderMapFile>> SenderMapFile::open(const std::filesystem::path& path) {
  std::shared_ptr<SenderMapFile> file(new SenderMapFile(path));
  const auto text = read_whole_file(path);
  if (!text) return std::unexpected(text.error());
  auto map = SenderMap::parse(*text, path);
  if (!map) return std::unexpected(std::move(map.error()));
  file->map_ = std::make_shared<const SenderMap>(std::move(*map));
  return file;
}

std::shared_ptr<const SenderMap> SenderMapFile::map() const {
  const std::lock_guard lock(mutex_);
  return map_;
}

Result<bool> SenderMapFile::reload_if_changed() {
  return watch_.look([this]() -> Result<bool> {
    const auto text = read_whole_file(path_);
    if (!text) return std::unexpected(text.error());
    auto map = SenderMap::parse(*text, path_);
    if (!map) return std::unexpected(std::move(map.error()));
    const std::lock_guard lock(mutex_);
    if (*map == *map_) return false;
    map_ = std::make_shared<const SenderMap>(std::move(*map));
    return true;
  });
}

}  // namespace sekisho::sender
