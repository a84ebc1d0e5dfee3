// A worker process with handlers that misbehave in every way that a real one might when somebody
// took it over, or when its libraries break. Started by the tests of WorkerPools instead of
// sekisho.
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "gateway/base/spawn.h"
#include "gateway/base/text.h"
#include "gateway/base/time.h"
#include "gateway/mail/charset.h"
#include "gateway/worker/channel.h"
#include "gateway/worker/frames.h"
#include "gateway/worker/sanitizers.h"
#include "gateway/worker/worker_main.h"
#include "tests/unit/worker/process/test_jobs.h"

namespace sekisho::worker::testing {
namespace {

std::string prepared;  // what prepare() was told

std::string refused_or(bool succeeded) {
  return succeeded ? "succeeded" : fmt::format("refused: {}", std::strerror(errno));
}

std::string connect_to_port(std::string_view port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(parse_uint(port).value_or(0)));
  return refused_or(::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
}

std::string read_file_by_name(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY);
  char byte = 0;
  return refused_or(file >= 0 && ::read(file, &byte, 1) == 1);
}

std::string execute(const char* path) {
  ::execl(path, path, nullptr);
  return refused_or(false);
}

// One thing that an intruder would try, by its name.
std::string attempt(std::string_view what, const std::string& detail) {
  if (what == "read") return read_file_by_name(detail);
  if (what == "create") return refused_or(::open(detail.c_str(), O_CREAT | O_WRONLY, 0600) >= 0);
  if (what == "openat2")
    return refused_or(::syscall(SYS_openat2, -1, detail.c_str(), nullptr, 0) >= 0);
  if (what == "list") return refused_or(::open("/", O_RDONLY | O_DIRECTORY) >= 0);
  if (what == "unlink") return refused_or(::unlink(detail.c_str()) == 0);
  if (what == "connect") return connect_to_port(detail);
  if (what == "unix socket") return refused_or(::socket(AF_UNIX, SOCK_STREAM, 0) >= 0);
  if (what == "udp socket") return refused_or(::socket(AF_INET, SOCK_DGRAM, 0) >= 0);
  if (what == "exec") return execute("/bin/true");
  if (what == "fork") return refused_or(::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) >= 0);
  if (what == "ptrace") return refused_or(::ptrace(PTRACE_ATTACH, ::getppid(), 0, 0) == 0);
  if (what == "process_vm_readv")
    return refused_or(::syscall(SYS_process_vm_readv, 1, 0, 0, 0, 0, 0) >= 0);
  if (what == "kill")
    return refused_or(::kill(static_cast<pid_t>(parse_uint(detail).value_or(1)), 0) == 0);
  if (what == "io_uring") return refused_or(::syscall(SYS_io_uring_setup, 1, nullptr) >= 0);
  if (what == "prctl") return refused_or(::syscall(SYS_prctl, 0, 0, 0, 0, 0) >= 0);
  if (what == "signals by fcntl") return refused_or(::fcntl(kSpawnedSocket, F_SETOWN, 1) == 0);
  if (what == "executable memory")
    return refused_or(::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                             0) != MAP_FAILED);
  return "no such attempt";
}

std::string first_word(std::string_view& text) {
  const std::string word(text.substr(0, text.find('=')));
  text.remove_prefix(std::min(text.size(), word.size() + 1));
  return word;
}

[[noreturn]] void hang() {
  while (true) {
    static volatile int busy = 0;
    busy = busy + 1;
  }
}

std::string busy_for(Duration time) {
  const Deadline end = Deadline::in(time);
  while (!end.passed(Clock::now())) {
  }
  return "done";
}

void say(const FromWorker& frame) {
  (void)send_frame_waiting(kSpawnedSocket, encode(frame).value_or(""));
}

[[noreturn]] void send_parts_without_end() {
  const std::string part(kPart, 'x');
  while (true) say(PartFrame{part});
}

Result<std::string> do_test_job(const JobInput& job) {
  std::string_view input = job.input;
  const std::string what = first_word(input);
  const std::string detail(input);
  if (what == "echo") return detail;
  if (what == "charset") return mail::to_utf8("x+AOQ-", detail).value_or("unknown");
  if (what == "message") return std::string(job.message.value_or("none"));
  if (what == "length") return std::to_string(detail.size());
  if (what == "prepared") return prepared;
  if (what == "prepared size") return std::to_string(prepared.size());
  if (what == "pid") return std::to_string(::getpid());
  if (what == "fail") return fail(ErrorKind::limit, detail);
  if (what == "throw") throw std::runtime_error(detail);
  if (what == "busy") return busy_for(std::chrono::milliseconds(parse_uint(detail).value_or(0)));
  if (what == "result") return long_text(parse_uint(detail).value_or(0));
  if (what == "parts without end") send_parts_without_end();
  if (what == "a failure behind a part") {
    say(PartFrame{std::string(kPart, 'x')});
    return fail(ErrorKind::limit, "too late");
  }
  if (what == "a short part") say(PartFrame{"x"});
  if (what == "crash") ::raise(SIGSEGV);
  if (what == "exit") ::_exit(0);
  if (what == "hang") hang();
  if (what == "memory") {
    std::string all;
    while (true) all.append(1'000'000, 'x');
  }
  if (what == "nonsense") (void)send_frame(kSpawnedSocket, "nonsense");
  if (what == "answers twice") (void)send_frame(kSpawnedSocket, "D");
  if (what == "closes") {
    ::close(kSpawnedSocket);
    hang();
  }
  return attempt(what, detail);
}

}  // namespace
}  // namespace sekisho::worker::testing

#ifdef SEKISHO_SANITIZED
// A crash is a signal here, too, and no report.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() { return "handle_segv=0:handle_abort=0"; }
#endif

int main(int argc, char** argv) {
  using namespace sekisho::worker;
  Handlers handlers;
  handlers.jobs = {{testing::kInspectJob, testing::do_test_job},
                   {testing::kSignJob, testing::do_test_job}};
  handlers.prepare = [](Pool, std::string_view setup) -> sekisho::Result<void> {
    if (setup == "unable") return sekisho::fail(sekisho::ErrorKind::invalid, "no key here");
    if (setup == "crash") ::raise(SIGABRT);
    constexpr std::string_view kFile = "file=";
    if (setup.starts_with(kFile) && ::access(std::string(setup.substr(kFile.size())).c_str(), R_OK))
      return sekisho::fail(sekisho::ErrorKind::invalid, "no such key");
    testing::prepared = setup;
    sekisho::mail::load_charsets();
    return {};
  };
  run_worker(argc > 1 ? argv[1] : "", handlers);
}
