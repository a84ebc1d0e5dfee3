#include "gateway/base/error.h"

#include <system_error>

namespace sekisho {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid:
      return "invalid";
    case ErrorKind::io:
      return "io";
    case ErrorKind::closed:
      return "closed";
    case ErrorKind::timeout:
      return "timeout";
    case ErrorKind::cancelled:
      return "cancelled";
    case ErrorKind::protocol:
      return "protocol";
    case ErrorKind::unavailable:
      return "unavailable";
    case ErrorKind::limit:
      return "limit";
  }
  return "unknown";
}

Error system_error(ErrorKind kind, std::string_view what, int error_number) {
  std::string text(what);
  text += ": ";
  text += std::generic_category().message(error_number);
  return Error{kind, std::move(text)};
}

}  // namespace sekisho
