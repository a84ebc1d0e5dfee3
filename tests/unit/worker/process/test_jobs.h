// The jobs of test_worker: their input is "WHAT=DETAIL".
#pragma once

#include <cstddef>
#include <string>

#include "gateway/worker/job.h"

namespace sekisho::worker::testing {

inline constexpr JobKind kInspectJob{"test", Pool::inspect};
inline constexpr JobKind kSignJob{"test", Pool::signer};

// In which a piece that is lost, doubled or misplaced shows.
inline std::string long_text(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i) text += std::to_string(i) + ' ';
  text.resize(size);
  return text;
}

}  // namespace sekisho::worker::testing
