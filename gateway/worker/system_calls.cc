#include "gateway/worker/system_calls.h"

#include <array>
#include <cerrno>
#include <memory>

#include <fcntl.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gateway/worker/sanitizers.h"

namespace sekisho::worker {
namespace {

constexpr std::array kAllowed{
    // the socket to the gateway, and the copies that come by it
    SCMP_SYS(recvmsg), SCMP_SYS(recvfrom), SCMP_SYS(sendmsg), SCMP_SYS(sendto), SCMP_SYS(read),
    SCMP_SYS(write), SCMP_SYS(lseek), SCMP_SYS(close), SCMP_SYS(fstat),
    // memory (mmap and mprotect: below)
    SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(brk), SCMP_SYS(madvise),
    // time, and what the C library does by itself
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time),
    SCMP_SYS(getrandom), SCMP_SYS(futex), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getuid),
    SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(sysinfo), SCMP_SYS(uname),
    SCMP_SYS(sched_yield), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigreturn),
    SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group)};

// Libraries look for a file and do without it.
constexpr std::array kRefused{SCMP_SYS(open),      SCMP_SYS(openat),    SCMP_SYS(openat2),
                              SCMP_SYS(stat),      SCMP_SYS(lstat),     SCMP_SYS(newfstatat),
                              SCMP_SYS(statx),     SCMP_SYS(access),    SCMP_SYS(ioctl),
                              SCMP_SYS(faccessat), SCMP_SYS(readlink),  SCMP_SYS(faccessat2),
                              SCMP_SYS(getcwd),    SCMP_SYS(readlinkat)};

// The runtimes of the sanitizers: their threads, their reports.
constexpr std::array kForSanitizers{
    SCMP_SYS(sigaltstack),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(prlimit64),
    SCMP_SYS(getrlimit),
    SCMP_SYS(getrusage),
    SCMP_SYS(nanosleep),
    SCMP_SYS(writev),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(tgkill),
    SCMP_SYS(dup),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(pipe),
    SCMP_SYS(pipe2)};  // pipes: to see whether an address can be read

// Collects the first failure, so that a list of rules reads as one.
class Filter {
 public:
  Filter() : filter_(::seccomp_init(SCMP_ACT_KILL_PROCESS)) {
    if (!filter_) failed_ = -ENOMEM;
  }

  template <class... Comparisons>
  void rule(std::uint32_t action, int call, Comparisons... comparisons) {
    if (failed_ != 0) return;
    const std::array<scmp_arg_cmp, sizeof...(comparisons)> all{comparisons...};
    failed_ = ::seccomp_rule_add_array(filter_.get(), action, call,
                                       static_cast<unsigned>(all.size()), all.data());
    if (failed_ == -EDOM) failed_ = 0;  // this architecture has no such call
  }

  void close() {
    // A thread of a library's must not be a way out.
    if (failed_ == 0) failed_ = ::seccomp_attr_set(filter_.get(), SCMP_FLTATR_CTL_TSYNC, 1);
    if (failed_ == 0) failed_ = ::seccomp_attr_set(filter_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (failed_ == 0) failed_ = ::seccomp_load(filter_.get());
  }

  [[nodiscard]] int failed() const { return failed_; }

 private:
  struct Free {
    void operator()(void* filter) const { ::seccomp_release(filter); }
  };
  std::unique_ptr<void, Free> filter_;
  int failed_ = 0;
};

scmp_arg_cmp has_bits(unsigned argument, std::uint64_t bits) {
  return {.arg = argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = bits, .datum_b = bits};
}

scmp_arg_cmp has_not(unsigned argument, std::uint64_t bits) {
  return {.arg = argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = bits, .datum_b = 0};
}

scmp_arg_cmp is(unsigned argument, std::uint64_t value) {
  return {.arg = argument, .op = SCMP_CMP_EQ, .datum_a = value, .datum_b = 0};
}

}  // namespace

Result<void> close_system_calls() {
  Filter filter;
  for (const int call : kAllowed) filter.rule(SCMP_ACT_ALLOW, call);
  for (const int call : kRefused) filter.rule(SCMP_ACT_ERRNO(EACCES), call);
  // Not F_SETOWN, by which others get signals.
  for (const int command : {F_GETFD, F_GETFL, F_GET_SEALS})
    filter.rule(SCMP_ACT_ALLOW, SCMP_SYS(fcntl), is(1, static_cast<std::uint64_t>(command)));
  // No memory is both written and run. Refused without an end: a JIT does without.
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
    filter.rule(SCMP_ACT_ALLOW, call, has_not(2, PROT_EXEC));
    filter.rule(SCMP_ACT_ERRNO(EACCES), call, has_bits(2, PROT_EXEC));
  }
  if constexpr (kSanitized) {
    for (const int call : kForSanitizers) filter.rule(SCMP_ACT_ALLOW, call);
  } else {
    // abort(): a signal to itself.
    filter.rule(SCMP_ACT_ALLOW, SCMP_SYS(tgkill), is(0, static_cast<std::uint64_t>(::getpid())));
  }
  filter.close();
  if (filter.failed() != 0)
    return std::unexpected(system_error(ErrorKind::io, "the seccomp filter", -filter.failed()));
  return {};
}

}  // namespace sekisho::worker
