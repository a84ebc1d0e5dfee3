// The files that the settings name: there, readable, and with content that makes sense.
#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/auth/users_file.h"
#include "gateway/config/check.h"
#include "gateway/net/tls_context.h"
#include "gateway/relay/relay_gate.h"
#include "gateway/sender/ownership.h"

namespace sekisho::config {
namespace {

namespace fs = std::filesystem;

enum class Privacy : bool { anybody, secret };

// True when the file is there and can be read; told otherwise.
bool readable(const CheckContext& context, const std::string& setting, const fs::path& file,
              Privacy privacy, const std::string& hint = {}) {
  if (file.empty() || context.has_error(setting)) return false;
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    const bool absent = errno == ENOENT;
    context.wrong(setting, system_error(ErrorKind::io, "cannot open " + file.string(), errno).text,
                  absent ? hint : std::string());
    return false;
  }
  struct stat info{};
  const bool regular = ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
  ::close(fd);
  if (!regular) {
    context.wrong(setting, file.string() + " is not a regular file");
    return false;
  }
  if (privacy == Privacy::secret && (info.st_mode & S_IROTH) != 0) {
    context.warn(setting, "every user of this system can read " + file.string(),
                 fmt::format("chmod o= {}", file.string()));
  }
  return true;
}

void check_tls(const CheckContext& context) {
  const TlsSettings& tls = context.settings().tls;
  bool good = !context.has_error("tls");
  const auto look = [&](const std::string& table, const fs::path& certificate,
                        const fs::path& key) {
    const bool first = readable(context, table + ".certificate", certificate, Privacy::anybody);
    const bool second = readable(context, table + ".key", key, Privacy::secret);
    if (!first || !second || context.has_error(table)) {
      good = false;
    } else if (const auto pair = TlsPair::load({certificate, key}); !pair) {
      context.wrong(table + ".certificate", pair.error().text);
      good = false;
    }
  };
  if (!tls.certificate.empty() || !tls.key.empty()) look("tls", tls.certificate, tls.key);
  for (const auto& [name, one] : context.settings().certificates) {
    look("certificate." + name, one.certificate, one.key);
    if (tls.given()) continue;
    context.missing("tls.certificate", "certificate." + name,
                    "a further certificate needs a default one beside it, for clients that ask for "
                    "no name",
                    "set certificate and key under [tls]");
    good = false;
  }
  if (tls.directory.empty() || !good) return;
  if (const auto all = TlsCertificates::open(certificate_sources(context.settings())); !all)
    return context.wrong("tls.directory", all.error().text);
  if (const auto found = find_tls_pairs(tls.directory))
    for (const TlsPairFiles& pair : *found)
      (void)readable(context, "tls.directory", pair.key, Privacy::secret);
}

void check_users(const CheckContext& context) {
  const fs::path& file = context.settings().auth.users_file;
  const std::string hint = fmt::format("sekisho user add NAME --file {}", file.string());
  if (!readable(context, "auth.users_file", file, Privacy::secret, hint)) return;
  const auto users = auth::UsersFile::open(file);
  if (!users) context.wrong("auth.users_file", users.error().text);
}

void check_dovecot(const CheckContext& context) {
  const auth::AuthSettings& auth = context.settings().auth;
  if (auth.dovecot_socket.empty()) return;
  if (!auth.users_file.empty()) {
    context.wrong("auth.dovecot_socket", "users_file says already who may log in",
                  "leave one of the two out");
    return;
  }
  struct stat info{};
  if (::stat(auth.dovecot_socket.c_str(), &info) != 0) {
    // Dovecot may start after us: log-ins are answered 454 until it does.
    context.warn("auth.dovecot_socket",
                 system_error(ErrorKind::io, auth.dovecot_socket.string(), errno).text,
                 "start Dovecot, with a unix_listener auth-client in its service auth");
  } else if (!S_ISSOCK(info.st_mode)) {
    context.wrong("auth.dovecot_socket", auth.dovecot_socket.string() + " is no socket");
  }
}

// The sockets of upstreams, which may start after us: mail is answered 451 until they do.
void check_upstream_sockets(const CheckContext& context) {
  for (const auto& [name, upstream] : context.settings().upstreams) {
    const std::string setting = fmt::format("upstream.{}.host", name);
    const std::string path(upstream.socket());
    struct stat info{};
    if (path.empty() || context.has_error(setting)) continue;
    if (::stat(path.c_str(), &info) != 0)
      context.warn(setting, system_error(ErrorKind::io, path, errno).text,
                   "start the mail server that makes it, and let us into its folder");
    else if (!S_ISSOCK(info.st_mode))
      context.wrong(setting, path + " is no socket");
    else if (::access(path.c_str(), W_OK) != 0)
      context.warn(setting, system_error(ErrorKind::io, path, errno).text,
                   "connecting needs the right to write there: give it to our group");
  }
}

void check_relay(const CheckContext& context) {
  const relay::RelaySettings& relay = context.settings().relay;
  const bool file = readable(context, "relay.domains_file", relay.domains_file, Privacy::anybody);
  if (!file || context.has_error("relay")) return;
  const auto gate = relay::RelayGate::create(relay);
  if (!gate) context.wrong("relay.domains_file", gate.error().text);
}

void check_senders(const CheckContext& context) {
  const sender::SenderSettings& sender = context.settings().sender;
  if (!readable(context, "sender.map_file", sender.map_file, Privacy::anybody,
                "write a line \"user: address, address\" for each user into it") ||
      context.has_error("sender"))
    return;
  const auto senders = sender::SenderOwnership::create(sender);
  if (!senders) context.wrong("sender.map_file", senders.error().text);
}

void check_folders(const CheckContext& context) {
  std::error_code ignored;
  const fs::path& state = context.settings().state_directory;
  if (state.empty()) {
    context.wrong("state_directory", "must not be empty", "write state_directory = \"var\"");
  } else if (fs::exists(state, ignored) && !fs::is_directory(state, ignored)) {
    context.wrong("state_directory", state.string() + " is there, but it is no folder");
  }
  const fs::path& log = context.settings().log.file;
  if (log.empty() || context.has_error("log.file")) return;
  if (fs::is_directory(log, ignored)) {
    context.wrong("log.file", log.string() + " is a folder", "name a file in it");
  } else if (!fs::is_directory(log.parent_path(), ignored)) {
    context.wrong("log.file", fmt::format("there is no folder {}", log.parent_path().string()),
                  "make the folder first");
  }
}

void check_secrets(const CheckContext& context) {
  readable(context, "auth.helpers.ldap.search_password_file",
           context.settings().auth.helpers.ldap.search_password_file, Privacy::secret,
           "write the password of search_dn into it, and chmod 600");
  for (const auto& [name, upstream] : context.settings().upstreams)
    readable(context, fmt::format("upstream.{}.auth.secret_file", name), upstream.login.secret_file,
             Privacy::secret, "write the password into it, and chmod 600");
}

// What we show to an upstream that asks for a certificate.
void check_pair_for(const CheckContext& context, const std::string& table,
                    const upstream::UpstreamSettings& upstream) {
  const std::string certificate = table + ".tls_certificate";
  const bool first = readable(context, certificate, upstream.tls_certificate, Privacy::anybody);
  const bool second = readable(context, table + ".tls_key", upstream.tls_key, Privacy::secret);
  if (!first || !second) return;
  if (const auto pair = TlsPair::load({upstream.tls_certificate, upstream.tls_key}); !pair)
    context.wrong(certificate, pair.error().text);
}

void check_authorities(const CheckContext& context) {
  readable(context, "auth.helpers.ldap.ca_file", context.settings().auth.helpers.ldap.ca_file,
           Privacy::anybody);
  for (const auto& [name, listener] : context.settings().listeners) {
    const std::string setting = fmt::format("listener.{}.client_ca_file", name);
    if (!readable(context, setting, listener.client_ca_file, Privacy::anybody)) continue;
    const auto made = TlsContext::client(true, listener.client_ca_file);
    if (!made) context.wrong(setting, made.error().text);
  }
  for (const auto& [name, upstream] : context.settings().upstreams) {
    check_pair_for(context, fmt::format("upstream.{}", name), upstream);
    const std::string setting = fmt::format("upstream.{}.tls_ca_file", name);
    if (!readable(context, setting, upstream.tls_ca_file, Privacy::anybody)) continue;
    const auto made = TlsContext::client(true, upstream.tls_ca_file);
    if (!made) context.wrong(setting, made.error().text);
  }
}

}  // namespace

void check_files(const CheckContext& context) {
  check_tls(context);
  check_users(context);
  check_dovecot(context);
  check_upstream_sockets(context);
  check_relay(context);
  check_senders(context);
  check_folders(context);
  check_authorities(context);
  check_secrets(context);
}

}  // namespace sekisho::config
