#include "tests/support/dns_server.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/base/text.h"

namespace sekisho::testing {
namespace {

constexpr std::size_t kHeader = 12;

void require(bool condition, const char* what) {
  if (!condition) throw std::runtime_error(what);
}

std::string u16(std::size_t value) {
  return {static_cast<char>(value >> 8U & 0xFFU), static_cast<char>(value & 0xFFU)};
}

std::string wire_name(std::string_view name) {
  std::string wire;
  for (const auto label : split(name, '.')) {
    if (label.empty()) continue;
    wire += static_cast<char>(label.size());
    wire += label;
  }
  return wire + '\0';
}

Descriptor listen_on(int type, Endpoint& endpoint) {
  Descriptor socket(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  sockaddr_storage address{};
  socklen_t length = endpoint.to_sockaddr(address);
  require(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), length) == 0, "bind");
  length = sizeof address;
  require(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &length) == 0,
          "getsockname");
  endpoint = Endpoint::from_sockaddr(reinterpret_cast<sockaddr*>(&address), length);
  return socket;
}

}  // namespace

DnsServer::DnsServer() : stop_(::eventfd(0, EFD_CLOEXEC)) {
  // The port that UDP gets may be in use by TCP: then another.
  for (int attempt = 0; tcp_.get() < 0; ++attempt) {
    endpoint_ = {IpAddress::parse("127.0.0.1").value(), 0};
    udp_ = listen_on(SOCK_DGRAM, endpoint_);
    try {
      tcp_ = listen_on(SOCK_STREAM, endpoint_);
    } catch (const std::runtime_error&) {
      if (attempt == 10) throw;
    }
  }
  require(::listen(tcp_.get(), 16) == 0, "listen");
  thread_ = std::thread([this] { serve(); });
}

DnsServer::~DnsServer() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(stop_.get(), &one, sizeof one);
  thread_.join();
}

void DnsServer::add(std::string_view name, std::uint16_t type, std::string data) {
  const std::lock_guard lock(mutex_);
  records_[{std::string(name), type}].push_back(std::move(data));
}

void DnsServer::add_a(std::string_view name, std::string_view address) {
  const auto parsed = IpAddress::parse(address).value();
  const auto* bytes = reinterpret_cast<const char*>(parsed.bytes().data());
  add(name, parsed.is_v4() ? 1 : 28, std::string(bytes, parsed.is_v4() ? 4 : 16));
}

void DnsServer::add_mx(std::string_view name, std::uint16_t preference, std::string_view host) {
  add(name, 15, u16(preference) + wire_name(host));
}

void DnsServer::add_ptr(std::string_view name, std::string_view host) {
  add(name, 12, wire_name(host));
}

void DnsServer::add_txt(std::string_view name, std::string_view text) {
  std::string data;
  do {
    const auto piece = text.substr(0, 255);
    data += static_cast<char>(piece.size());
    data += piece;
    text.remove_prefix(piece.size());
  } while (!text.empty());
  add(name, 16, data);
}

void DnsServer::behave(Manner manner) {
  const std::lock_guard lock(mutex_);
  manner_ = manner;
}

void DnsServer::silence(std::string_view name) {
  const std::lock_guard lock(mutex_);
  silenced_.emplace(name);
}

int DnsServer::asked(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto at = asked_.find(name);
  return at == asked_.end() ? 0 : at->second;
}

int DnsServer::asked_by_tcp() const {
  const std::lock_guard lock(mutex_);
  return asked_by_tcp_;
}

void DnsServer::serve() {
  std::array<pollfd, 3> waiting{{{.fd = stop_.get(), .events = POLLIN, .revents = 0},
                                 {.fd = udp_.get(), .events = POLLIN, .revents = 0},
                                 {.fd = tcp_.get(), .events = POLLIN, .revents = 0}}};
  while (::poll(waiting.data(), waiting.size(), -1) >= 0 && waiting[0].revents == 0) {
    if (waiting[1].revents != 0) serve_udp();
    if (waiting[2].revents != 0) serve_tcp();
  }
}

void DnsServer::serve_udp() {
  std::array<char, 4096> buffer{};
  sockaddr_storage from{};
  socklen_t length = sizeof from;
  auto* peer = reinterpret_cast<sockaddr*>(&from);
  const auto size = ::recvfrom(udp_.get(), buffer.data(), buffer.size(), 0, peer, &length);
  if (size <= 0) return;
  const auto out = reply({buffer.data(), static_cast<std::size_t>(size)}, false);
  if (!out.empty()) ::sendto(udp_.get(), out.data(), out.size(), 0, peer, length);
}

// One query a connection, sent at once: as resolvers do.
void DnsServer::serve_tcp() {
  const Descriptor client(::accept4(tcp_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  std::array<unsigned char, 2> size{};
  std::array<char, 4096> query{};
  if (::recv(client.get(), size.data(), size.size(), MSG_WAITALL) != 2) return;
  const std::size_t length = static_cast<std::size_t>(size[0]) << 8U | size[1];
  if (length > query.size() ||
      ::recv(client.get(), query.data(), length, MSG_WAITALL) != static_cast<ssize_t>(length)) {
    return;
  }
  const auto out = reply({query.data(), length}, true);
  if (out.empty()) return;
  const auto framed = u16(out.size()) + out;
  ::send(client.get(), framed.data(), framed.size(), MSG_NOSIGNAL);
}

std::string DnsServer::reply(std::string_view query, bool tcp) {
  if (query.size() < kHeader) return {};
  std::string name;
  std::size_t at = kHeader;
  while (at < query.size() && query[at] != '\0') {
    const auto length = static_cast<std::size_t>(query[at]);
    if (!name.empty()) name += '.';
    name += query.substr(at + 1, length);
    at += length + 1;
  }
  const std::size_t end = at + 5;
  if (end > query.size()) return {};
  const auto type = static_cast<std::uint16_t>(static_cast<unsigned char>(query[at + 1]) << 8U |
                                               static_cast<unsigned char>(query[at + 2]));
  const std::lock_guard lock(mutex_);
  const Key key{to_lower(name), type};
  ++asked_[key.first];
  asked_by_tcp_ += tcp ? 1 : 0;
  if (silenced_.contains(key.first)) return {};
  std::string header(query.substr(0, kHeader));
  header[2] = '\x84';  // a response, with authority
  header[3] = '\0';
  header.replace(6, 6, 6, '\0');  // no record
  const auto question = query.substr(kHeader, end - kHeader);
  switch (manner_) {
    case Manner::silent:
      return {};
    case Manner::fail:
      header[3] = '\x02';
      return header + std::string(question);
    case Manner::truncate:
      if (tcp) break;
      header[2] = '\x86';
      return header + std::string(question);
    case Manner::wrong_id: {
      auto out = answer(query, key, end);
      out[0] = static_cast<char>(out[0] ^ 1);
      return out;
    }
    case Manner::garbage:
      return std::string(query.substr(0, 2)) + std::string(40, '\xC0');
    case Manner::answer:
      break;
  }
  return answer(query, key, end);
}

std::string DnsServer::answer(std::string_view query, const Key& key, std::size_t end) const {
  std::string out(query.substr(0, end));
  out[2] = '\x84';
  out[3] = '\0';
  out.replace(6, 6, 6, '\0');
  const auto found = records_.find(key);
  if (found == records_.end()) {
    const bool known = std::ranges::any_of(
        records_, [&](const auto& entry) { return entry.first.first == key.first; });
    if (!known) out[3] = '\x03';  // NXDOMAIN
    return out;
  }
  out.replace(6, 2, u16(found->second.size()));
  for (const auto& data : found->second) {
    out += std::string("\xC0\x0C", 2) + u16(key.second) + u16(1) + std::string("\0\0\x0E\x10", 4) +
           u16(data.size()) + data;
  }
  return out;
}

}  // namespace sekisho::testing
