#include "gateway/worker/job.h"

namespace sekisho::worker {

std::string_view to_string(Pool pool) {
  switch (pool) {
    case Pool::inspect:
      return "inspect";
    case Pool::signer:
      break;
  }
  return "signer";
}

}  // namespace sekisho::worker
