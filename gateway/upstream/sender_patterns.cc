#include "gateway/upstream/sender_patterns.h"

#include <fmt/format.h>

#include "gateway/base/encode.h"
#include "gateway/base/text.h"
#include "gateway/upstream/route_settings.h"

namespace sekisho::upstream {
namespace {

constexpr std::string_view kEmptySender = "<>";

std::string_view domain_of(std::string_view entry) {
  const auto at = entry.rfind('@');
  return at == std::string_view::npos ? entry : entry.substr(at + 1);
}

}  // namespace

Result<void> SenderPatterns::check(std::string_view entry) {
  if (entry == kEmptySender) return {};
  const auto why = [&](std::string_view what) {
    return fail(ErrorKind::invalid, fmt::format("\"{}\" {}", encode_for_log(entry, 80), what));
  };
  if (entry.find('@') != std::string_view::npos) {
    if (!smtp::parse_mailbox(entry)) return why("is not an address");
    return {};
  }
  const std::string_view name = entry.starts_with("*.") ? entry.substr(2) : entry;
  if (!smtp::parse_domain(name))
    return why("is not an address, a domain, \"*.\" and a domain, or \"<>\"");
  return {};
}

SenderPatterns::SenderPatterns(const std::vector<std::string>& entries) {
  for (const std::string& entry : entries) entries_.insert(to_lower(entry));
}

bool SenderPatterns::contain(const smtp::Mailbox* sender) const {
  if (sender == nullptr) return entries_.contains(std::string(kEmptySender));
  const std::string domain = to_lower(sender->domain);
  if (entries_.contains(to_lower(sender->to_string())) || entries_.contains(domain)) return true;
  for (auto dot = domain.find('.'); dot != std::string::npos; dot = domain.find('.', dot + 1))
    if (entries_.contains("*" + domain.substr(dot))) return true;
  return false;
}

bool SenderPatterns::covers(std::string_view pattern, std::string_view entry) {
  if (iequals(pattern, entry)) return true;
  if (pattern == kEmptySender || pattern.find('@') != std::string_view::npos) return false;
  return entry != kEmptySender && domain_covers(pattern, domain_of(entry));
}

}  // namespace sekisho::upstream
