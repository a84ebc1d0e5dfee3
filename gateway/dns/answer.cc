#include "gateway/dns/answer.h"

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>
#include <utility>

#include <arpa/nameser.h>
#include <resolv.h>

#include "gateway/base/text.h"

namespace sekisho::dns {
namespace {

using Bytes = std::span<const unsigned char>;

std::unexpected<Error> malformed() {
  return fail(ErrorKind::protocol, "the DNS response is malformed");
}

// A compressed name inside `message`, as "host.example"; the root is ".".
std::optional<std::string> read_name(const ns_msg& message, const unsigned char* at) {
  std::array<char, NS_MAXDNAME> text{};
  if (ns_name_uncompress(ns_msg_base(message), ns_msg_end(message), at, text.data(), text.size()) <
      0)
    return std::nullopt;
  return text.data();
}

std::optional<std::string> join_strings(Bytes data) {
  std::string text;
  while (!data.empty()) {
    const std::size_t length = data.front();
    if (length >= data.size()) return std::nullopt;
    text.append(reinterpret_cast<const char*>(data.data()) + 1, length);
    data = data.subspan(length + 1);
  }
  return text;
}

std::optional<Record> read_record(const ns_msg& message, const ns_rr& rr, Type type) {
  const Bytes data(ns_rr_rdata(rr), ns_rr_rdlen(rr));
  Record record;
  std::size_t name_at = 0;
  switch (type) {
    case Type::a: {
      std::array<std::uint8_t, 4> bytes{};
      if (data.size() != bytes.size()) return std::nullopt;
      std::ranges::copy(data, bytes.begin());
      record.address = IpAddress::v4(bytes);
      return record;
    }
    case Type::aaaa: {
      std::array<std::uint8_t, 16> bytes{};
      if (data.size() != bytes.size()) return std::nullopt;
      std::ranges::copy(data, bytes.begin());
      record.address = IpAddress::v6(bytes);
      return record;
    }
    case Type::txt: {
      auto text = join_strings(data);
      if (!text) return std::nullopt;
      record.text = std::move(*text);
      return record;
    }
    case Type::mx:
      if (data.size() < 3) return std::nullopt;
      record.preference = static_cast<std::uint16_t>(data[0] << 8U | data[1]);
      name_at = 2;
      break;
    case Type::srv:
      name_at = 6;
      break;
    case Type::ns:
    case Type::cname:
    case Type::ptr:
      break;
    default:
      record.text.assign(reinterpret_cast<const char*>(data.data()), data.size());
      return record;
  }
  if (data.size() <= name_at) return std::nullopt;
  auto name = read_name(message, data.data() + name_at);
  if (!name) return std::nullopt;
  record.name = std::move(*name);
  return record;
}

}  // namespace

std::string_view to_string(Type type) {
  switch (type) {
    case Type::a:
      return "A";
    case Type::ns:
      return "NS";
    case Type::cname:
      return "CNAME";
    case Type::soa:
      return "SOA";
    case Type::ptr:
      return "PTR";
    case Type::mx:
      return "MX";
    case Type::txt:
      return "TXT";
    case Type::aaaa:
      return "AAAA";
    case Type::srv:
      return "SRV";
    case Type::tlsa:
      return "TLSA";
    case Type::caa:
      return "CAA";
  }
  return "?";
}

Result<Answer> read_answer(std::span<const std::byte> message, Type type) {
  ns_msg parsed{};
  const auto* bytes = reinterpret_cast<const unsigned char*>(message.data());
  if (ns_initparse(bytes, static_cast<int>(message.size()), &parsed) != 0) return malformed();
  Answer answer;
  switch (ns_msg_getflag(parsed, ns_f_rcode)) {
    case ns_r_noerror:
      break;
    case ns_r_nxdomain:
      answer.status = Answer::Status::no_name;
      return answer;
    default:
      return fail(ErrorKind::unavailable, "the name server failed or refused");
  }
  for (int i = 0; i < ns_msg_count(parsed, ns_s_an); ++i) {
    ns_rr rr{};
    if (ns_parserr(&parsed, ns_s_an, i, &rr) != 0) return malformed();
    // What leads to the records (CNAME, RRSIG) is the resolver's business.
    if (ns_rr_type(rr) != static_cast<unsigned>(type) || ns_rr_class(rr) != ns_c_in) continue;
    auto record = read_record(parsed, rr, type);
    if (!record) return malformed();
    answer.records.push_back(std::move(*record));
  }
  if (!answer.records.empty()) answer.status = Answer::Status::found;
  // Servers rotate their records: nothing may depend on whose turn it is.
  std::ranges::sort(answer.records, {}, [](const Record& record) {
    return std::tie(record.preference, record.address, record.name, record.text);
  });
  return answer;
}

}  // namespace sekisho::dns
