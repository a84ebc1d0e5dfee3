#include "gateway/net/proxy_protocol.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sekisho {
namespace {

using namespace std::string_literals;
using ::testing::HasSubstr;
using Client = ProxyHeader::Client;

const std::string kSignature = "\r\n\r\n\0\r\nQUIT\n"s;
const std::string kTcp4Addresses = "\xC0\x00\x02\x07\xC6\x33\x64\x01\xC8\x22\x00\x19"s;

std::string binary(char command, char family, const std::string& rest) {
  std::string out = kSignature + command + family;
  out += static_cast<char>(rest.size() >> 8U);
  out += static_cast<char>(rest.size() & 0xFFU);
  return out + rest;
}

// The header in front of `bytes`, and what of them it left.
struct Outcome {
  ProxyHeader header;
  std::string left;
  std::string error;
};

Outcome read(const std::string& bytes, std::size_t slice = std::string::npos) {
  ProxyHeaderParser parser;
  std::size_t at = 0;
  while (!parser.complete()) {
    if (at == bytes.size()) return {.header = {}, .left = {}, .error = "incomplete"};
    const std::string part = bytes.substr(at, slice);
    const auto used = parser.feed(part);
    if (!used) return {.header = {}, .left = {}, .error = used.error().text};
    if (!parser.complete()) EXPECT_EQ(*used, part.size());
    at += *used;
  }
  return {.header = parser.header(), .left = bytes.substr(at), .error = {}};
}

ProxyHeader announced(std::string_view source, std::string_view destination) {
  return {.client = Client::announced,
          .source = Endpoint::parse(source).value(),
          .destination = Endpoint::parse(destination).value()};
}

TEST(ProxyProtocol, ReadsVersion1AndLeavesWhatFollows) {
  for (const std::size_t slice : {std::string::npos, std::size_t{1}, std::size_t{7}}) {
    const auto v4 = read("PROXY TCP4 192.0.2.7 198.51.100.1 51234 25\r\nEHLO a\r\n", slice);
    EXPECT_EQ(v4.header, announced("192.0.2.7:51234", "198.51.100.1:25")) << v4.error;
    EXPECT_EQ(v4.left, "EHLO a\r\n");
    const auto v6 = read("PROXY TCP6 2001:db8::7 2001:db8::1 51234 465\r\n\x16\x03", slice);
    EXPECT_EQ(v6.header, announced("[2001:db8::7]:51234", "[2001:db8::1]:465")) << v6.error;
    EXPECT_EQ(v6.left, "\x16\x03");
  }
}

TEST(ProxyProtocol, ReadsVersion2AndLeavesWhatFollows) {
  for (const std::size_t slice : {std::string::npos, std::size_t{1}, std::size_t{13}}) {
    const auto v4 = read(binary('\x21', '\x11', kTcp4Addresses) + "\x16\x03\x01", slice);
    EXPECT_EQ(v4.header, announced("192.0.2.7:51234", "198.51.100.1:25")) << v4.error;
    EXPECT_EQ(v4.left, "\x16\x03\x01");
    const std::string from = "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x07";
    const std::string to = "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x01";
    const auto v6 = read(binary('\x21', '\x21', from + to + "\xC8\x22\x01\xD1"s) + "x", slice);
    EXPECT_EQ(v6.header, announced("[2001:db8::7]:51234", "[2001:db8::1]:465")) << v6.error;
    EXPECT_EQ(v6.left, "x");
  }
}

TEST(ProxyProtocol, ClientWithoutIpAddressIsUnknown) {
  for (const std::string& header :
       {"PROXY UNKNOWN\r\n"s, "PROXY UNKNOWN ffff::1 whatever\r\n"s, binary('\x21', '\0', ""),
        binary('\x21', '\0', "\x04\0\1x"s), binary('\x21', '\x31', std::string(216, 'p'))}) {
    const auto outcome = read(header + "EHLO");
    EXPECT_EQ(outcome.error, "");
    EXPECT_EQ(outcome.header.client, Client::unknown);
    EXPECT_EQ(outcome.left, "EHLO");
  }
}

TEST(ProxyProtocol, LocalConnectionIsForNoClientWhateverItsAddressesSay) {
  for (const std::string& header :
       {binary('\x20', '\0', ""), binary('\x20', '\x11', kTcp4Addresses),
        binary('\x20', '\x77', "any bytes")}) {
    const auto outcome = read(header + "QUIT\r\n");
    EXPECT_EQ(outcome.header.client, Client::none) << outcome.error;
    EXPECT_EQ(outcome.left, "QUIT\r\n");
  }
}

TEST(ProxyProtocol, SkipsExtensionsByTheirLengths) {
  const auto outcome =
      read(binary('\x21', '\x11', kTcp4Addresses + "\x02\0\3abc\x04\0\0\xE0\0\1z"s) + "EHLO");
  EXPECT_EQ(outcome.header, announced("192.0.2.7:51234", "198.51.100.1:25")) << outcome.error;
  EXPECT_EQ(outcome.left, "EHLO");
  for (const std::string& extensions : {"\x02"s, "\x02\0"s, "\x02\0\1"s, "\x02\xFF\xFFz"s})
    EXPECT_THAT(read(binary('\x21', '\x11', kTcp4Addresses + extensions)).error,
                HasSubstr("extension"));
}

TEST(ProxyProtocol, ChecksTheChecksumWhereThereIsOne) {
  std::string header = encode_proxy_header(Endpoint::parse("192.0.2.7:1").value(),
                                           Endpoint::parse("192.0.2.8:2").value());
  EXPECT_EQ(read(header).error, "");
  header[16] = static_cast<char>(header[16] ^ 1);
  EXPECT_THAT(read(header).error, HasSubstr("the checksum is wrong"));
  EXPECT_THAT(read(binary('\x21', '\x11', kTcp4Addresses + "\x03\0\2ab"s)).error,
              HasSubstr("the checksum is malformed"));
  const std::string zero = "\x03\0\4\0\0\0\0"s;
  EXPECT_THAT(read(binary('\x21', '\x11', kTcp4Addresses + zero + zero)).error,
              HasSubstr("the checksum is malformed"));
}

// The value is that of another implementation, which gives E3069283 for "123456789".
TEST(ProxyProtocol, ChecksumIsTheCastagnoliOne) {
  const std::string header = encode_proxy_header(Endpoint::parse("127.0.0.1:1000").value(),
                                                 Endpoint::parse("127.0.0.1:25").value());
  EXPECT_EQ(header.substr(header.size() - 4), "\x9C\x7A\x1D\x66");
}

TEST(ProxyProtocol, WhatIsNoHeaderIsKnownByItsFirstWrongByte) {
  for (const std::string& bytes :
       {"E"s, "EHLO client\r\n"s, "PROXZ"s, "\x16\x03\x01"s, "\r\n\r\n\1"s, "proxy TCP4"s}) {
    EXPECT_THAT(read(bytes).error, HasSubstr("there is none"));
    EXPECT_THAT(read(bytes, 1).error, HasSubstr("there is none"));
  }
}

TEST(ProxyProtocol, RefusesWhatBreaksTheGrammarOfVersion1) {
  for (const std::string& line :
       {"PROXY TCP4 192.0.2.7 198.51.100.1 51234 25\n"s, "PROXY TCP4 192.0.2.7 198.51.100.1 1\r\n"s,
        "PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n"s, "PROXY TCP6 192.0.2.7 192.0.2.8 1 2\r\n"s,
        "PROXY TCP4 192.0.2.7 198.51.100.1 65536 25\r\n"s,
        "PROXY TCP4 192.0.2.7 198.51.100.1 01 25\r\n"s,
        "PROXY TCP4  192.0.2.7 198.51.100.1 1 25\r\n"s,
        "PROXY TCP4 192.0.2.7 198.51.100.1 1 25 \r\n"s, "PROXY TCP4 0.0.0.0 198.51.100.1 1 25\r\n"s,
        "PROXY UDP4 192.0.2.7 192.0.2.8 1 25\r\n"s, "PROXY UNKNOWNX\r\n"s, "PROXY A\r\nEHLO b\r\n"s,
        "PROXY UNKNOWN" + std::string(200, 'x')}) {
    const auto outcome = read(line);
    EXPECT_NE(outcome.error, "") << line;
    EXPECT_NE(outcome.error, "incomplete") << line;
    EXPECT_EQ(read(line, 1).error, outcome.error);
  }
  const std::string longest = "PROXY UNKNOWN " + std::string(91, 'x') + "\r\n";
  ASSERT_EQ(longest.size(), ProxyHeaderParser::kMaxTextBytes);
  EXPECT_EQ(read(longest).error, "");
}

TEST(ProxyProtocol, RefusesWhatBreaksTheGrammarOfVersion2) {
  for (const std::string& header :
       {binary('\x11', '\x11', kTcp4Addresses), binary('\x22', '\x11', kTcp4Addresses),
        binary('\x21', '\x12', kTcp4Addresses), binary('\x21', '\x41', kTcp4Addresses),
        binary('\x21', '\x11', kTcp4Addresses.substr(1)), binary('\x21', '\x21', kTcp4Addresses),
        binary('\x21', '\x31', std::string(215, 'p')),
        binary('\x21', '\x11', std::string(12, '\0')), kSignature + "\x21\x11\xFF\xFF"}) {
    EXPECT_THAT(read(header).error, HasSubstr("PROXY header: "));
  }
}

TEST(ProxyProtocol, WhatWeWriteIsReadAsTheSame) {
  const auto check = [](std::string_view source, std::string_view destination) {
    const auto outcome = read(
        encode_proxy_header(Endpoint::parse(source).value(), Endpoint::parse(destination).value()) +
        "220 ");
    EXPECT_EQ(outcome.header, announced(source, destination)) << outcome.error;
    EXPECT_EQ(outcome.left, "220 ");
  };
  check("192.0.2.7:51234", "198.51.100.1:25");
  check("[2001:db8::7]:51234", "[2001:db8::1]:465");
  check("192.0.2.7:51234", "[2001:db8::1]:465");
  check("[2001:db8::7]:51234", "198.51.100.1:25");
  EXPECT_EQ(read(encode_local_proxy_header()).header.client, Client::none);
}

}  // namespace
}  // namespace sekisho
