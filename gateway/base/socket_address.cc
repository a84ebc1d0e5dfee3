#include "gateway/base/socket_address.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace sekisho {

bool is_unix_socket_path(std::string_view path) {
  return path.starts_with('/') && path.size() <= kMaxUnixPath &&
         path.find('\0') == std::string_view::npos;
}

std::optional<SocketAddress> SocketAddress::unix_socket(std::string_view path) {
  if (!is_unix_socket_path(path)) return std::nullopt;
  SocketAddress address;
  address.path_ = path;
  return address;
}

std::optional<SocketAddress> SocketAddress::parse(std::string_view text) {
  if (text.starts_with(kUnixPrefix)) return unix_socket(text.substr(kUnixPrefix.size()));
  const auto endpoint = Endpoint::parse(text);
  return endpoint ? std::optional<SocketAddress>(*endpoint) : std::nullopt;
}

SocketAddress SocketAddress::from_sockaddr(const sockaddr* address, socklen_t length) {
  if (address == nullptr || length < sizeof(sa_family_t)) return {};
  if (address->sa_family != AF_UNIX) return Endpoint::from_sockaddr(address, length);
  sockaddr_un native{};
  std::memcpy(&native, address, std::min<std::size_t>(length, sizeof native));
  if (length <= offsetof(sockaddr_un, sun_path)) return {};  // without a name
  const std::size_t room =
      std::min<std::size_t>(length - offsetof(sockaddr_un, sun_path), kMaxUnixPath);
  const auto* const path = static_cast<const char*>(native.sun_path);
  return unix_socket({path, ::strnlen(path, room)}).value_or(SocketAddress());
}

socklen_t SocketAddress::to_sockaddr(sockaddr_storage& out) const {
  if (!is_unix()) return endpoint_.to_sockaddr(out);
  sockaddr_un native{};
  native.sun_family = AF_UNIX;
  std::memcpy(static_cast<char*>(native.sun_path), path_.data(), path_.size());
  std::memcpy(&out, &native, sizeof native);
  return sizeof native;
}

std::string SocketAddress::to_string() const {
  return is_unix() ? std::string(kUnixPrefix) + path_ : endpoint_.to_string();
}

}  // namespace sekisho
