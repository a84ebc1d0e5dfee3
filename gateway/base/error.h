// Error and Result<T>: what a function returns that may fail for a reason outside the program.
// Broken invariants are exceptions or crashes; hostile bytes and broken peers are values.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace sekisho {

enum class ErrorKind : std::uint8_t {
  invalid,      // the input breaks a rule of its format
  io,           // the system or the TLS library refused; text says what
  closed,       // the peer ended the connection
  timeout,      // a deadline passed
  cancelled,    // we are stopping: unwind, do not retry
  protocol,     // the peer broke the protocol
  unavailable,  // a needed service or resource is not there now; trying again later may help
  limit,        // a bound was reached: a configured one, or the system's
};

// `text` is for the log and for administrators. It may hold bytes that a peer sent, so every sink
// encodes it (encode.h) and it never goes to a client as it is.
struct Error {
  ErrorKind kind = ErrorKind::invalid;
  std::string text;
};

template <class T>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(ErrorKind kind, std::string text) {
  return std::unexpected(Error{kind, std::move(text)});
}

// "unavailable", "timeout" …, the word used in logs and metric labels.
std::string_view to_string(ErrorKind kind);

// `what` followed by the system's words for `error_number`: "cannot open x: No such file …".
Error system_error(ErrorKind kind, std::string_view what, int error_number);

}  // namespace sekisho
