#include "gateway/net/exhaustion.h"

#include <cerrno>

namespace sekisho {

Error refused_by_system(std::string_view what, int error_number) {
  switch (error_number) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      return system_error(ErrorKind::limit, what, error_number);
    default:
      return system_error(ErrorKind::unavailable, what, error_number);
  }
}

}  // namespace sekisho
