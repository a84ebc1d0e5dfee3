// The jobs of test_worker: their input is "WHAT=DETAIL".
#pragma once

#include "gateway/worker/job.h"

namespace sekisho::worker::testing {

inline constexpr JobKind kInspectJob{"test", Pool::inspect};
inline constexpr JobKind kSignJob{"test", Pool::signer};

}  // namespace sekisho::worker::testing
