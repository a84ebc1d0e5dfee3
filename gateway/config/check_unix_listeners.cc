// Listeners that are Unix sockets. Their clients have no address: nothing that goes by one can
// hold.
#include <filesystem>
#include <string>
#include <system_error>

#include <fmt/format.h>

#include "gateway/base/socket_address.h"
#include "gateway/config/check.h"

namespace sekisho::config {
namespace {

namespace fs = std::filesystem;

void check_path(const CheckContext& context, const std::string& setting, const fs::path& path) {
  // So that one socket has one name, by which a reload and the checks know it.
  const fs::path plain = path.lexically_normal();
  if (plain != path || !path.has_filename())
    return context.wrong(setting, fmt::format("{} is not the plain path of a file", path.string()),
                         plain.has_filename()
                             ? fmt::format("write \"{}{}\"", kUnixPrefix, plain.string())
                             : "name a file in it");
  std::error_code ignored;
  const fs::file_status there = fs::symlink_status(path, ignored);
  if (fs::exists(there) && !fs::is_socket(there)) {
    context.wrong(setting, fmt::format("{} is there, but it is no socket", path.string()),
                  "name a file that isn't there; the gateway makes it");
  } else if (const fs::path folder = path.parent_path(); !fs::is_directory(folder, ignored)) {
    // A service manager may make it (RuntimeDirectory=).
    context.warn(setting, fmt::format("there is no folder {}", folder.string()),
                 "make it before the gateway starts");
  }
}

}  // namespace

void check_unix_listener(const CheckContext& context, const std::string& table,
                         const ListenerSettings& listener) {
  const auto address = SocketAddress::parse(listener.address);
  if (!address || !address->is_unix() || context.has_error(table + ".address")) return;
  check_path(context, table + ".address", address->path());
  if (listener.profile == Profile::internal)
    context.wrong(table + ".profile",
                  "profile internal goes by the client's address, and the clients of a Unix socket "
                  "have none",
                  "use submission, with a log-in, or mx, for relay.domains alone; or an address "
                  "with a port");
  if (!listener.proxies.proxy_protocol.empty())
    context.wrong(table + ".proxy_protocol",
                  "a proxy is known by its address, and who comes by a Unix socket has none",
                  "take it out, or have the proxy connect to an address with a port");
  if (context.has_error(table + ".socket_mode")) return;
  if (const auto rights = listener.unix_socket.rights(); !rights)
    context.wrong(table + ".socket_group", rights.error().text,
                  "name a group of this system that the gateway's user is a member of");
}

}  // namespace sekisho::config
