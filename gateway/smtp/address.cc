#include "gateway/smtp/address.h"

#include <algorithm>
#include <utility>

#include "gateway/base/text.h"
#include "gateway/smtp/address_parser.h"

namespace sekisho::smtp {
namespace {

constexpr std::size_t kMaxPath = 256;  // RFC 5321 section 4.5.3.1.3, brackets included
constexpr std::size_t kMaxHelo = 255;

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

auto bad(std::string_view why) { return fail(ErrorKind::invalid, std::string(why)); }

// The bracketed path at the front of `text`, or an error. What `<>` and `<postmaster>` mean differs
// between the two directions, so they are the caller's.
Result<ParsedPath> parse_path(std::string_view text, bool allow_utf8, bool reverse) {
  AddressParser parser(text, allow_utf8);
  if (!parser.take('<')) return bad("the address is not in angle brackets");
  ParsedPath parsed;
  if (parser.at('>')) {
    if (!reverse) return bad("the address is empty");
  } else if (!reverse && istarts_with(parser.rest(), "postmaster>")) {
    parsed.path.mailbox = Mailbox{.local = parser.take_word(), .domain = {}};
  } else {
    parsed.path.source_route = parser.at('@');
    if (auto route = parser.take_source_route(); !route) {
      return std::unexpected(std::move(route.error()));
    }
    auto mailbox = parser.take_mailbox();
    if (!mailbox) return std::unexpected(std::move(mailbox.error()));
    parsed.path.mailbox = std::move(*mailbox);
  }
  if (!parser.take('>')) return bad("a byte that an address may not hold, or no > at its end");
  if (parser.position() > kMaxPath) return bad("the path is longer than 256 bytes");
  if (!parser.rest().empty() && !is_blank(parser.rest().front())) {
    return bad("no blank behind the address");
  }
  parsed.rest = trim(parser.rest());
  return parsed;
}

// Hand-made mailboxes (settings, filters) pass here too: the promise of to_string() holds for them.
void append_safe(std::string& out, char c, std::string_view forbidden) {
  out += is_control(c) || forbidden.find(c) != forbidden.npos ? '?' : c;
}

}  // namespace

std::string Mailbox::to_string() const {
  std::string out;
  out.reserve(local.size() + domain.size() + 3);
  if (is_dot_string(local)) {
    out = local;
  } else {
    out += '"';
    for (const char c : local) {
      if (c == '"' || c == '\\') out += '\\';
      append_safe(out, c, {});
    }
    out += '"';
  }
  if (domain.empty()) return out;
  out += '@';
  for (const char c : domain) append_safe(out, c, " <>@\"\\,;");
  return out;
}

bool Mailbox::hides_another_address() const {
  return local.find_first_of("%!@") != std::string::npos;
}

bool Mailbox::is_internationalized() const {
  const auto eight_bit = [](char c) { return static_cast<unsigned char>(c) >= 0x80; };
  return std::ranges::any_of(local, eight_bit) || std::ranges::any_of(domain, eight_bit);
}

Result<ParsedPath> parse_reverse_path(std::string_view argument, bool allow_utf8) {
  return parse_path(trim(argument), allow_utf8, true);
}

Result<ParsedPath> parse_forward_path(std::string_view argument, bool allow_utf8) {
  return parse_path(trim(argument), allow_utf8, false);
}

Result<Mailbox> parse_mailbox(std::string_view text, bool allow_utf8) {
  AddressParser parser(text, allow_utf8);
  auto mailbox = parser.take_mailbox();
  if (mailbox && !parser.rest().empty()) return bad("a byte that an address may not hold");
  if (parser.position() > kMaxPath - 2) return bad("the address is longer than 254 bytes");
  return mailbox;
}

Result<std::string> parse_domain(std::string_view text, bool allow_utf8) {
  AddressParser parser(text, allow_utf8);
  auto domain = parser.take_domain();
  if (domain && !parser.rest().empty()) return bad("a byte that a domain may not hold");
  return domain;
}

Result<std::string> parse_helo_name(std::string_view argument) {
  const auto name = trim(argument);
  if (name.empty()) return bad("no name");
  if (name.size() > kMaxHelo) return bad("the name is longer than 255 bytes");
  for (const char c : name) {
    if (is_blank(c)) return bad("a blank in the name");
    if (is_control(c)) return bad("a control byte in the name");
  }
  return std::string(name);
}

}  // namespace sekisho::smtp
