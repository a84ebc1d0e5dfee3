#include "gateway/smtp/address_parser.h"

#include <optional>
#include <utility>

#include "gateway/base/ip.h"
#include "gateway/base/text.h"
#include "gateway/base/utf8.h"

namespace sekisho::smtp {
namespace {

// RFC 5321 section 4.5.3.1 and, for labels, RFC 1035 section 2.3.4.
constexpr std::size_t kMaxLocal = 64;
constexpr std::size_t kMaxDomain = 255;
constexpr std::size_t kMaxLabel = 63;

auto bad(std::string_view why) { return fail(ErrorKind::invalid, std::string(why)); }

bool is_eight_bit(char c) { return static_cast<unsigned char>(c) >= 0x80; }

// Well-formed, and without the control characters U+0080 to U+009F.
bool is_clean_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto [length, code_point] = utf8_first(text);
    if (length == 0 || (code_point >= 0x80 && code_point < 0xA0)) return false;
    text.remove_prefix(length);
  }
  return true;
}

// What is wrong with a label of a domain, or null. RFC 5321 wants a letter or digit at both ends;
// an underscore passes anywhere, since hosts with one exist and send mail.
const char* label_fault(std::string_view label) {
  if (label.empty()) return "the domain has an empty label";
  if (label.size() > kMaxLabel) return "a label of the domain is longer than 63 bytes";
  if (label.front() == '-' || label.back() == '-') {
    return "a label of the domain begins or ends with a hyphen";
  }
  return nullptr;
}

}  // namespace

bool is_atext(char c) {
  constexpr std::string_view kSymbols = "!#$%&'*+-/=?^_`{|}~";
  return is_alnum(c) || is_eight_bit(c) || (c != '\0' && kSymbols.find(c) != kSymbols.npos);
}

bool is_dot_string(std::string_view text) {
  char before = '.';
  for (const char c : text) {
    if (c == '.' ? before == '.' : !is_atext(c)) return false;
    before = c;
  }
  return before != '.';
}

bool AddressParser::is_allowed_atext(char c) const {
  return is_atext(c) && (allow_utf8_ || !is_eight_bit(c));
}

bool AddressParser::take(char expected) {
  if (!at(expected)) return false;
  ++at_;
  return true;
}

std::string AddressParser::take_word() {
  const std::size_t begin = at_;
  while (at_ < text_.size() && is_alpha(text_[at_])) ++at_;
  return std::string(text_.substr(begin, at_ - begin));
}

Result<Mailbox> AddressParser::take_mailbox() {
  auto local = take_local();
  if (!local) return std::unexpected(std::move(local.error()));
  if (!take('@')) return bad("no domain behind the local part");
  const bool literal = at('[');
  auto domain = literal ? take_literal() : take_domain();
  if (!domain) return std::unexpected(std::move(domain.error()));
  if (at('@')) return bad("more than one @");
  return Mailbox{.local = std::move(*local), .domain = std::move(*domain), .literal = literal};
}

Result<std::string> AddressParser::take_local() {
  const std::size_t begin = at_;
  auto local = at('"') ? take_quoted_string() : take_dot_string();
  if (!local) return local;
  // The quotes count (RFC 5321 section 4.5.3.1.1 speaks of the local part as it is written).
  if (at_ - begin > kMaxLocal) return bad("the local part is longer than 64 bytes");
  if (!is_clean_utf8(*local)) return bad("the local part is not valid UTF-8");
  return local;
}

Result<std::string> AddressParser::take_dot_string() {
  const std::size_t begin = at_;
  while (at_ < text_.size() && (text_[at_] == '.' || is_allowed_atext(text_[at_]))) ++at_;
  const auto local = text_.substr(begin, at_ - begin);
  if (local.empty()) return bad("no local part, or a byte that it may not hold");
  if (!is_dot_string(local)) return bad("the local part has a dot at an end or two in a row");
  return std::string(local);
}

Result<std::string> AddressParser::take_quoted_string() {
  std::string local;
  ++at_;
  while (at_ < text_.size() && text_[at_] != '"') {
    char c = text_[at_++];
    if (c == '\\') {
      if (at_ == text_.size()) break;
      c = text_[at_++];
      if (is_eight_bit(c)) return bad("a backslash before an 8-bit byte in the local part");
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      return bad("a control byte in the local part");
    }
    if (is_eight_bit(c) && !allow_utf8_) return bad("an 8-bit byte in the local part");
    local += c;
  }
  if (!take('"')) return bad("the quoted local part has no end");
  // The grammar has it, but "" names nobody, and MTAs disagree on what becomes of it.
  if (local.empty()) return bad("the quoted local part is empty");
  return local;
}

Result<std::string> AddressParser::take_domain() {
  const auto is_domain_byte = [this](char c) {
    return is_alnum(c) || c == '-' || c == '_' || c == '.' || (allow_utf8_ && is_eight_bit(c));
  };
  const std::size_t begin = at_;
  while (at_ < text_.size() && is_domain_byte(text_[at_])) ++at_;
  const auto domain = text_.substr(begin, at_ - begin);
  if (domain.empty()) return bad("no domain, or a byte that it may not hold");
  if (domain.size() > kMaxDomain) return bad("the domain is longer than 255 bytes");
  if (domain.ends_with('.')) return bad("the domain ends with a dot");
  for (const auto label : split(domain, '.')) {
    if (const char* fault = label_fault(label)) return bad(fault);
  }
  if (!is_clean_utf8(domain)) return bad("the domain is not valid UTF-8");
  return to_lower(domain);
}

// RFC 5321 section 4.1.3, written back in its one canonical form so that equal addresses are equal
// values. No tag but IPv6 is registered; others are refused.
Result<std::string> AddressParser::take_literal() {
  const auto end = text_.find(']', at_);
  if (end == text_.npos) return bad("the address literal has no end");
  constexpr std::string_view kTag = "IPv6:";
  auto text = text_.substr(at_ + 1, end - at_ - 1);
  const bool tagged = istarts_with(text, kTag);
  if (tagged) text.remove_prefix(kTag.size());
  // Tagged must have colons, untagged none, since IpAddress::parse() takes both families.
  const bool fits = tagged == (text.find(':') != text.npos);
  const auto address = fits ? IpAddress::parse(text) : std::nullopt;
  if (!address) return bad("the address literal is neither IPv4 nor IPv6");
  at_ = end + 1;
  return '[' + address->smtp_literal() + ']';
}

Result<void> AddressParser::take_source_route() {
  if (!at('@')) return {};
  do {
    if (!take('@')) return bad("a source route without @");
    if (auto hop = take_domain(); !hop) return std::unexpected(std::move(hop.error()));
  } while (take(','));
  if (!take(':')) return bad("a source route without a colon at its end");
  return {};
}

}  // namespace sekisho::smtp
