#include "gateway/net/proxy_protocol.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/base/text.h"

namespace sekisho {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kText = "PROXY ";
constexpr std::string_view kSignature = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr std::size_t kFixedBytes = 16;  // signature, version and command, family, length

constexpr std::uint8_t kLocal = 0x20;  // version 2 in the upper half
constexpr std::uint8_t kProxy = 0x21;
constexpr std::uint8_t kUnspecified = 0x00;
constexpr std::uint8_t kTcp4 = 0x11;
constexpr std::uint8_t kTcp6 = 0x21;
constexpr std::uint8_t kUnixStream = 0x31;
constexpr std::size_t kUnixBytes = 216;

constexpr std::uint8_t kTlvChecksum = 0x03;
constexpr std::size_t kTlvHead = 3;
constexpr std::size_t kChecksumBytes = 4;

std::unexpected<Error> broken(std::string_view what) {
  return fail(ErrorKind::protocol, "PROXY header: " + std::string(what));
}

std::uint8_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}

std::uint16_t number_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(byte_at(bytes, at) << 8U | byte_at(bytes, at + 1));
}

void append_number(std::string& out, std::uint16_t number) {
  out += static_cast<char>(number >> 8U);
  out += static_cast<char>(number & 0xFFU);
}

// CRC-32C (Castagnoli), reflected, as in RFC 3720 appendix B.4.
std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char c : bytes) {
    crc ^= static_cast<std::uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1U) != 0 ? crc >> 1U ^ 0x82F63B78U : crc >> 1U;
  }
  return ~crc;
}

std::array<char, kChecksumBytes> checksum_of(std::string_view header) {
  const std::uint32_t crc = crc32c(header);
  return {static_cast<char>(crc >> 24U), static_cast<char>(crc >> 16U & 0xFFU),
          static_cast<char>(crc >> 8U & 0xFFU), static_cast<char>(crc & 0xFFU)};
}

// The extensions from `at` on: each skipped, the checksum over the whole header compared.
Result<void> check_extensions(std::string_view header, std::size_t at) {
  std::optional<std::size_t> checksum;
  while (at < header.size()) {
    if (header.size() - at < kTlvHead) return broken("an extension is cut off");
    const std::size_t length = number_at(header, at + 1);
    if (length > header.size() - at - kTlvHead) return broken("an extension exceeds the header");
    if (byte_at(header, at) == kTlvChecksum) {
      if (length != kChecksumBytes || checksum) return broken("the checksum is malformed");
      checksum = at + kTlvHead;
    }
    at += kTlvHead + length;
  }
  if (!checksum) return {};
  std::string zeroed(header);
  zeroed.replace(*checksum, kChecksumBytes, kChecksumBytes, '\0');
  if (!std::ranges::equal(checksum_of(zeroed), header.substr(*checksum, kChecksumBytes)))
    return broken("the checksum is wrong");
  return {};
}

template <std::size_t size>
std::array<std::uint8_t, size> address_at(std::string_view bytes, std::size_t at) {
  std::array<std::uint8_t, size> address{};
  for (std::size_t i = 0; i < size; ++i) address[i] = byte_at(bytes, at + i);
  return address;
}

Result<ProxyHeader> announced(const Endpoint& source, const Endpoint& destination) {
  if (source.address.is_unspecified()) return broken("no client has that address");
  return ProxyHeader{
      .client = ProxyHeader::Client::announced, .source = source, .destination = destination};
}

Result<ProxyHeader> read_binary(std::string_view header) {
  const std::uint8_t command = byte_at(header, kSignature.size());
  // Whatever family and addresses say of a LOCAL connection is to be ignored.
  if (command == kLocal) return ProxyHeader{.client = ProxyHeader::Client::none};
  if (command != kProxy) return broken("an unknown version or command");
  std::size_t address_bytes = 0;
  switch (byte_at(header, kSignature.size() + 1)) {
    case kUnspecified:
      break;
    case kTcp4:
      address_bytes = 12;
      break;
    case kTcp6:
      address_bytes = 36;
      break;
    case kUnixStream:
      address_bytes = kUnixBytes;
      break;
    default:
      return broken("not a TCP connection's family");
  }
  const std::size_t extensions = kFixedBytes + address_bytes;
  if (header.size() < extensions) return broken("too short for its addresses");
  if (auto checked = check_extensions(header, extensions); !checked)
    return std::unexpected(std::move(checked.error()));
  if (address_bytes == 12)
    return announced({IpAddress::v4(address_at<4>(header, 16)), number_at(header, 24)},
                     {IpAddress::v4(address_at<4>(header, 20)), number_at(header, 26)});
  if (address_bytes == 36)
    return announced({IpAddress::v6(address_at<16>(header, 16)), number_at(header, 48)},
                     {IpAddress::v6(address_at<16>(header, 32)), number_at(header, 50)});
  return ProxyHeader{.client = ProxyHeader::Client::unknown};
}

std::string_view next_word(std::string_view& line) {
  const auto word = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(line.size(), word.size() + 1));
  return word;
}

std::optional<std::uint16_t> read_port(std::string_view text) {
  const auto number = parse_uint(text);
  if (!number || *number > 65'535 || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  return static_cast<std::uint16_t>(*number);
}

Result<ProxyHeader> read_text(std::string_view line) {
  line.remove_prefix(kText.size());
  // "the receiver must ignore anything presented before the CRLF"
  if (line == "UNKNOWN" || line.starts_with("UNKNOWN "))
    return ProxyHeader{.client = ProxyHeader::Client::unknown};
  const auto family = next_word(line);
  const bool v6 = family == "TCP6";
  if (!v6 && family != "TCP4") return broken("an unknown protocol");
  const auto from = next_word(line);
  const auto to = next_word(line);
  const auto from_port = read_port(next_word(line));
  const auto to_port = read_port(line);
  const auto source = IpAddress::parse(from);
  const auto destination = IpAddress::parse(to);
  const auto is_of_family = [v6](std::string_view text) { return text.contains(':') == v6; };
  if (!source || !destination || !is_of_family(from) || !is_of_family(to))
    return broken("not an address of its protocol");
  if (!from_port || !to_port) return broken("not a port");
  return announced({*source, *from_port}, {*destination, *to_port});
}

void append_address(std::string& out, const IpAddress& address, bool as_v6) {
  if (as_v6 && address.is_v4()) out += "\0\0\0\0\0\0\0\0\0\0\xFF\xFF"sv;
  const std::size_t size = address.is_v4() ? 4 : 16;
  for (std::size_t i = 0; i < size; ++i) out += static_cast<char>(address.bytes()[i]);
}

std::string start_binary(std::uint8_t command, std::uint8_t family, std::uint16_t length) {
  std::string out(kSignature);
  out += static_cast<char>(command);
  out += static_cast<char>(family);
  append_number(out, length);
  return out;
}

}  // namespace

std::size_t ProxyHeaderParser::take(std::string_view bytes, std::size_t up_to) {
  const std::size_t wanted = std::min(bytes.size(), up_to - std::min(up_to, taken_.size()));
  taken_ += bytes.substr(0, wanted);
  return wanted;
}

Result<std::size_t> ProxyHeaderParser::feed(std::string_view bytes) {
  // As much as shows which version it is; both are longer than that.
  const std::size_t opening = take(bytes, kSignature.size());
  const auto begins_like = [this](std::string_view start) {
    const std::size_t length = std::min(start.size(), taken_.size());
    return taken_.compare(0, length, start, 0, length) == 0;
  };
  const bool text = begins_like(kText);
  if (!text && !begins_like(kSignature)) return broken("there is none");
  if (taken_.size() < kSignature.size()) return opening;
  bytes.remove_prefix(opening);
  auto rest = text ? feed_text(bytes) : feed_binary(bytes);
  if (!rest) return rest;
  return opening + *rest;
}

Result<std::size_t> ProxyHeaderParser::feed_text(std::string_view bytes) {
  const auto end = bytes.find('\n');
  const std::size_t taken = take(bytes.substr(0, end == bytes.npos ? end : end + 1), kMaxTextBytes);
  const auto line_end = taken_.find('\n');
  if (line_end == std::string::npos) {
    if (taken_.size() >= kMaxTextBytes) return broken("longer than 107 bytes");
    return taken;
  }
  if (line_end + 1 != taken_.size() || !taken_.ends_with("\r\n"))
    return broken("a line that doesn't end with CRLF");
  auto read = read_text(std::string_view(taken_).substr(0, taken_.size() - 2));
  if (!read) return std::unexpected(std::move(read.error()));
  header_ = *read;
  return taken;
}

Result<std::size_t> ProxyHeaderParser::feed_binary(std::string_view bytes) {
  const std::size_t fixed = take(bytes, kFixedBytes);
  if (taken_.size() < kFixedBytes) return fixed;
  const std::size_t whole = kFixedBytes + number_at(taken_, kFixedBytes - 2);
  if (whole > kMaxBinaryBytes) return broken("too long");
  const std::size_t taken = fixed + take(bytes.substr(fixed), whole);
  if (taken_.size() < whole) return taken;
  auto read = read_binary(taken_);
  if (!read) return std::unexpected(std::move(read.error()));
  header_ = *read;
  return taken;
}

std::string encode_proxy_header(const Endpoint& source, const Endpoint& destination) {
  const bool v6 = !source.address.is_v4() || !destination.address.is_v4();
  const std::size_t address_bytes = v6 ? 36 : 12;
  std::string out =
      start_binary(kProxy, v6 ? kTcp6 : kTcp4,
                   static_cast<std::uint16_t>(address_bytes + kTlvHead + kChecksumBytes));
  append_address(out, source.address, v6);
  append_address(out, destination.address, v6);
  append_number(out, source.port);
  append_number(out, destination.port);
  out += static_cast<char>(kTlvChecksum);
  append_number(out, kChecksumBytes);
  out.append(kChecksumBytes, '\0');
  std::ranges::copy(checksum_of(out), out.end() - kChecksumBytes);
  return out;
}

std::string encode_local_proxy_header() { return start_binary(kLocal, kUnspecified, 0); }

}  // namespace sekisho
