// What the DNS says of a name and a type: records, or which kind of nothing. Values; read_answer()
// is pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/error.h"
#include "gateway/base/ip.h"

namespace sekisho::dns {

enum class Type : std::uint16_t {
  a = 1,
  ns = 2,
  cname = 5,
  soa = 6,
  ptr = 12,
  mx = 15,
  txt = 16,
  aaaa = 28,
  srv = 33,
  tlsa = 52,
  caa = 257,
};
std::string_view to_string(Type type);  // "TXT"

struct Record {
  IpAddress address;             // A, AAAA
  std::string name;              // NS, CNAME, PTR, MX, SRV: presentation form (RFC 1035 5.1)
  std::uint16_t preference = 0;  // MX
  std::string text;              // TXT: its strings joined; any other type: the raw data
};

struct Answer {
  enum class Status : std::uint8_t { found, no_data, no_name };
  Status status = Status::no_data;
  std::vector<Record> records;  // of the type asked for, sorted; MX by preference
  bool secure = false;          // validated by DNSSEC
};

// A response in wire format (RFC 1035 section 4), CNAMEs followed. ErrorKind::protocol: it is
// malformed; ErrorKind::unavailable: the server failed or refused.
Result<Answer> read_answer(std::span<const std::byte> message, Type type);

}  // namespace sekisho::dns
