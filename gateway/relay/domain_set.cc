#include "gateway/relay/domain_set.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "gateway/base/encode.h"
#include "gateway/base/file_io.h"
#include "gateway/base/ip.h"
#include "gateway/base/text.h"
#include "gateway/smtp/address.h"

namespace sekisho::relay {
namespace {

constexpr std::string_view kBelow = "*.";

// Top-level names that nobody can own in the public DNS (RFC 6761, RFC 6762 appendix G): the only
// ones that "*.name" may stand for, since "*.com" would relay for half the world.
constexpr std::array<std::string_view, 13> kPrivateTopLevel = {
    "corp",  "example",     "home",      "internal", "intranet", "invalid", "lan",
    "local", "localdomain", "localhost", "private",  "test",     "onion"};

// "*.co.uk" and the like: registries that sell names one level down. `domain` in lower case.
bool is_registry(std::string_view domain) {
  constexpr std::array<std::string_view, 12> kSecondLevel = {
      "ac", "co", "com", "edu", "go", "gob", "gov", "gv", "ne", "net", "or", "org"};
  const auto dot = domain.find('.');
  if (dot == std::string_view::npos) return false;
  const std::string_view country = domain.substr(dot + 1);
  return country.size() == 2 && std::ranges::all_of(country, is_alpha) &&
         std::ranges::find(kSecondLevel, domain.substr(0, dot)) != kSecondLevel.end();
}

std::string in_quotes(std::string_view entry) { return '"' + encode_for_log(entry, 80) + '"'; }

}  // namespace

Result<void> DomainSet::add(std::string_view entry, Use use, Content& content) {
  const bool below = entry.starts_with(kBelow);
  const std::string_view name = below ? entry.substr(kBelow.size()) : entry;
  if (entry == "*" || name == "*") {
    return fail(ErrorKind::invalid,
                in_quotes(entry) + (use == Use::ours ? " would relay for every domain in the world"
                                                     : " is no domain; for all, name none"));
  }
  if (name.find('*') != std::string_view::npos) {
    return fail(ErrorKind::invalid,
                in_quotes(entry) + ": a star may only stand as \"*.\" in front");
  }
  if (name.find('@') != std::string_view::npos) {
    return fail(ErrorKind::invalid, in_quotes(entry) + " is an address; write its domain alone");
  }
  if (name.starts_with('[') || IpAddress::parse(name)) {
    return fail(ErrorKind::invalid, in_quotes(entry) + " is an IP address, not a domain");
  }
  if (std::ranges::any_of(name, [](char c) { return static_cast<unsigned char>(c) >= 0x80; })) {
    return fail(ErrorKind::invalid,
                in_quotes(entry) + ": write the ASCII form (xn--…) of the domain");
  }
  auto domain = smtp::parse_domain(name);
  if (!domain) {
    return fail(ErrorKind::invalid,
                fmt::format("{} is not a domain name: {}", in_quotes(entry), domain.error().text));
  }
  if (use == Use::ours && below && domain->find('.') == std::string::npos &&
      std::ranges::find(kPrivateTopLevel, *domain) == kPrivateTopLevel.end()) {
    return fail(ErrorKind::invalid, in_quotes(entry) + " would relay for a whole top-level domain");
  }
  if (use == Use::ours && below && is_registry(*domain)) {
    return fail(ErrorKind::invalid, fmt::format("{} would relay for everybody's domains under {}",
                                                in_quotes(entry), *domain));
  }
  (below ? content.below : content.exact).insert(std::move(*domain));
  return {};
}

Result<void> DomainSet::check(std::string_view entry, Use use) {
  Content scratch;
  return add(entry, use, scratch);
}

Result<void> DomainSet::add_lines(std::string_view text, const std::filesystem::path& file, Use use,
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
    if (const auto added = add(entry, use, content); !added) {
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
    if (const auto added = add(entry, use_, *content); !added) {
      return fail(ErrorKind::invalid,
                  (use_ == Use::ours ? "relay.domains: " : "") + added.error().text);
    }
  }
  if (!file_.empty()) {
    const auto text = read_whole_file(file_);
    if (!text) return std::unexpected(text.error());
    if (const auto added = add_lines(*text, file_, use_, *content); !added) {
      return std::unexpected(added.error());
    }
  }
  return content;
}

Result<std::shared_ptr<DomainSet>> DomainSet::create(const std::vector<std::string>& domains,
                                                     const std::filesystem::path& file, Use use) {
  std::shared_ptr<DomainSet> set(new DomainSet(domains, file, use));
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
  return watch_.look([this]() -> Result<bool> {
    auto content = load();
    if (!content) return std::unexpected(std::move(content.error()));
    const std::lock_guard lock(mutex_);
    if (**content == *content_) return false;
    content_ = std::move(*content);
    return true;
  });
}

}  // namespace sekisho::relay
