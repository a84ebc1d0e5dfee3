// The lines of Dovecot's authentication protocol, version 1: what a client of the socket writes and
// reads. Fields are separated by tabs, and escaped so that a value can't end its field. Pure.
// https://doc.dovecot.org/2.3/developer_manual/design/auth_protocol/
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/ip.h"

namespace sekisho::auth::dovecot {

// Dovecot drops a connection, and every log-in on it, for a longer line.
inline constexpr std::size_t kMaxLineToServer = 8192;

struct Mechanism {
  std::string name;        // upper case
  bool plaintext = false;  // shows the password to whoever listens
  bool operator==(const Mechanism&) const = default;
};

// A MECH line; nullopt for a mechanism that must not or can't be offered through us: ANONYMOUS,
// EXTERNAL, those of Dovecot's own use, and those bound to a TLS channel that Dovecot can't see.
std::optional<Mechanism> parse_mechanism(std::string_view line);

// What the server says about a request: OK, FAIL or CONT.
struct Answer {
  enum class Kind : std::uint8_t { ok, fail, more };
  Kind kind = Kind::fail;
  std::uint32_t id = 0;
  std::string user{};       // OK, and FAIL where it came that far
  bool temporary = false;   // FAIL: the server couldn't tell
  std::string code{};       // FAIL: "pass_expired", "user_disabled"
  std::string challenge{};  // CONT, decoded
};
// nullopt for any other line, and for one that makes no sense.
std::optional<Answer> parse_answer(std::string_view line);

// Does a VERSION line name a protocol that we speak?
bool is_our_version(std::string_view line);

struct Request {
  std::uint32_t id;
  std::string_view mechanism;
  const Endpoint& remote;
  const Endpoint& local;
  std::string_view session_id;
  bool encrypted;
};

// Whole lines, LF included. `response` is not yet base64; they hold what it holds: wipe them.
std::string hello(std::int64_t process_id);
std::string auth_line(const Request& request, std::optional<std::string_view> response);
std::string continue_line(std::uint32_t id, std::string_view response);
std::string cancel_line(std::uint32_t id);

}  // namespace sekisho::auth::dovecot
