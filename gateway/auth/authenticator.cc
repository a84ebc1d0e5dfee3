#include "gateway/auth/authenticator.h"

#include <array>
#include <functional>

namespace sekisho::auth {

// The clients of one Unix socket can't be told apart. They count as one with an address in
// 0100::/8, from which no connection can come (RFC 6666; the rest is not assigned).
IpAddress LoginContext::throttle_key() const {
  if (!remote.address.is_unspecified()) return remote.address;
  constexpr std::size_t kHashBytes = 7;  // with the first byte, what client_key() keeps
  std::array<std::uint8_t, 16> bytes{0x01};
  std::uint64_t hash = std::hash<std::string_view>{}(listener);
  for (std::size_t i = 1; i <= kHashBytes; ++i, hash >>= 8U)
    bytes.at(i) = static_cast<std::uint8_t>(hash & 0xFFU);
  return IpAddress::v6(bytes);
}

void AuthSettings::visit(SettingsVisitor& v) {
  v.field(
      "users_file", users_file,
      "Who may log in: name:secret lines with crypt(3) hashes, SCRAM secrets or both, kept with "
      "`sekisho user`. SCRAM-SHA-256 is offered when anybody has a SCRAM secret, "
      "SCRAM-SHA-256-PLUS then over TLS 1.3. Read again when it changes; a broken file leaves "
      "the former content in force.");
  v.field("dovecot_socket", dovecot_socket,
          "Who may log in is Dovecot's to say, asked at this socket of its auth service (a "
          "unix_listener auth-client there), instead of users_file. Its mechanisms are ours: "
          "SCRAM, OAUTHBEARER and XOAUTH2 where it has them. It delays failures itself.");
  v.field("upstream", upstream,
          "Who may log in is for this [upstream.NAME] to say, instead of users_file: each name and "
          "password is tried in a log-in there, by PLAIN or LOGIN over TLS with a verified "
          "certificate, on a connection of its own that carries no mail. Nothing of it is stored "
          "but what `remember` keeps in memory. Only the upstream's 535 is a wrong password; "
          "whatever else goes wrong is 454.");
  v.field("remember", remember,
          "How long a right password is remembered, as a keyed hash in locked memory, so that not "
          "every connection costs a password hash. Ends early when users_file changes. \"0s\": "
          "never.");
  v.field("hash_threads", hash_threads,
          "Threads that check passwords. One check costs about 80 ms of CPU with yescrypt.", 1, 64);
  v.field("max_waiting", max_waiting,
          "Log-ins that may wait for such a thread, or be tried at auth.upstream at the same time; "
          "further ones are answered 454.",
          1, 100'000);
  v.table("helpers", "Passwords are checked by LDAP or PAM, in processes of their own.",
          [this](SettingsVisitor& inner) { helpers.visit(inner); });
  const char* const other = !users_file.empty()       ? "users_file"
                            : !dovecot_socket.empty() ? "dovecot_socket"
                                                      : "upstream";
  if (helpers.used() && (!users_file.empty() || !dovecot_socket.empty() || !upstream.empty()))
    v.error(other,
            "can't be set beside auth.helpers.ldap or auth.helpers.pam: one of them knows who may "
            "log in");
  if (!upstream.empty() && (!users_file.empty() || !dovecot_socket.empty()))
    v.error("upstream",
            "can't be set beside users_file or dovecot_socket: one of them knows who may log in");
  v.table("throttle", "How failed log-ins are slowed.",
          [this](SettingsVisitor& inner) { throttle.visit(inner); });
}

}  // namespace sekisho::auth
