// Capabilities: the extensions of an EHLO reply (RFC 5321 section 4.1.1.1), read from an upstream's
// and written as ours. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/smtp/reply.h"

namespace sekisho::smtp {

struct Capabilities {
  bool pipelining = false;
  bool eight_bit_mime = false;
  bool enhanced_status_codes = false;
  bool starttls = false;
  bool smtp_utf8 = false;
  bool dsn = false;
  bool chunking = false;
  bool binary_mime = false;
  bool require_tls = false;
  bool has_size = false;
  std::uint64_t size = 0;           // 0 with has_size: no fixed maximum (RFC 1870)
  std::vector<std::string> auth;    // mechanisms, upper case
  std::vector<std::string> others;  // keyword lines that we don't interpret

  static Capabilities parse(const Reply& ehlo_reply);
  // Our EHLO reply: the host name line, then one line an extension.
  [[nodiscard]] Reply to_reply(std::string_view hostname, std::string_view greeting_to) const;
  bool operator==(const Capabilities&) const = default;
};

}  // namespace sekisho::smtp
