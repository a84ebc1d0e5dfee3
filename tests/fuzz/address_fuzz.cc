// Addresses under any bytes. Oracles: what was accepted keeps the promises of Mailbox, and its text
// form is accepted again as the same value, in brackets and without.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gateway/smtp/address.h"

namespace {

using namespace sekisho::smtp;

void require(bool condition) {
  if (!condition) std::abort();
}

bool has_control(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return true;
  }
  return false;
}

void check(const Mailbox& mailbox, bool utf8) {
  const auto text = mailbox.to_string();
  require(!has_control(text) && !mailbox.local.empty());
  if (!utf8) {
    for (const char c : text) require(c >= ' ' && c <= '~');
  }
  require(mailbox.local.size() <= 64 && mailbox.domain.size() <= 255);
  require(mailbox.domain.find_first_of(" <>@\"\\,;") == std::string::npos);
  require(!mailbox.domain.ends_with('.') && !mailbox.domain.starts_with('.'));
  require(mailbox.literal == mailbox.domain.starts_with('['));
  if (mailbox.domain.empty()) {
    require(mailbox.local.size() == 10);  // postmaster
  } else {
    require(parse_mailbox(text, utf8).value() == mailbox);
    const auto path = parse_reverse_path('<' + text + '>', utf8);
    require(path && path->path.mailbox == mailbox && !path->path.source_route);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const bool utf8 = (data[0] & 1U) != 0;
  const std::string text(data + 1, data + size);
  if (const auto reverse = parse_reverse_path(text, utf8)) {
    if (reverse->path.mailbox) check(*reverse->path.mailbox, utf8);
  }
  if (const auto forward = parse_forward_path(text, utf8)) {
    require(forward->path.mailbox.has_value());
    check(*forward->path.mailbox, utf8);
  }
  if (const auto mailbox = parse_mailbox(text, utf8)) check(*mailbox, utf8);
  if (const auto domain = parse_domain(text, utf8)) {
    require(!has_control(*domain) && domain->size() <= 255);
    require(parse_domain(*domain, utf8).value() == *domain);
  }
  if (const auto name = parse_helo_name(text)) {
    require(!name->empty() && name->size() <= 255 && !has_control(*name));
  }
  return 0;
}
