// The CPU time that this process spent, in all its threads: what a busy machine doesn't lengthen.
#pragma once

#include <chrono>
#include <ctime>

namespace sekisho::test {

inline std::chrono::nanoseconds cpu_time() {
  timespec spent{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
  return std::chrono::seconds(spent.tv_sec) + std::chrono::nanoseconds(spent.tv_nsec);
}

}  // namespace sekisho::test
