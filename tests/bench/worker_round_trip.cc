// What a job for a worker process costs: the round trip of a 4 KB message through WorkerPools, by a
// loop as a session has it, against a reference in the same run: two processes that pass 4 KB to
// and fro over a socket pair, with nothing else to do. Prints microseconds and their ratio.
//
//   worker_round_trip [ROUNDS]
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "filters/attachments_job.h"
#include "filters/worker_jobs.h"
#include "gateway/worker/worker_main.h"
#include "gateway/worker/worker_pools.h"

namespace {

using namespace sekisho;

constexpr std::size_t kMessage = 4096;

struct Times {
  std::vector<double> micros;

  void add(Duration spent) {
    micros.push_back(std::chrono::duration<double, std::micro>(spent).count());
  }
  [[nodiscard]] double at(double part) {
    std::ranges::sort(micros);
    return micros[static_cast<std::size_t>(part * static_cast<double>(micros.size() - 1))];
  }
};

void echo_for_ever(int socket) {
  std::array<char, kMessage> buffer{};
  while (true) {
    const ssize_t got = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (got <= 0) ::_exit(0);
    if (::send(socket, buffer.data(), 16, 0) < 0) ::_exit(0);
  }
}

class PingPong {
 public:
  PingPong() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) std::abort();
    child_ = ::fork();
    if (child_ == 0) {
      ::close(ends[0]);
      echo_for_ever(ends[1]);
    }
    ::close(ends[1]);
    socket_ = ends[0];
  }
  ~PingPong() {
    ::close(socket_);
    ::waitpid(child_, nullptr, 0);
  }
  PingPong(const PingPong&) = delete;
  PingPong& operator=(const PingPong&) = delete;

  void round(Times& times) {
    std::array<char, kMessage> buffer{};
    const TimePoint start = Clock::now();
    if (::send(socket_, buffer.data(), buffer.size(), 0) < 0) std::abort();
    if (::recv(socket_, buffer.data(), buffer.size(), 0) <= 0) std::abort();
    times.add(Clock::now() - start);
  }

 private:
  int socket_ = -1;
  pid_t child_ = -1;
};

std::string message() {
  std::string text =
      "From: a@example.com\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n";
  while (text.size() < kMessage) text += "Lorem ipsum dolor sit amet, consectetur adipisci.\r\n";
  return text.substr(0, kMessage);
}

// As a filter does it, with the copy that is made once for each message.
void job(worker::WorkerPools& pools, Loop& loop, CancelSource& never, const std::string& input,
         const std::string& text, worker::JobKind kind, Times& times) {
  const TimePoint start = Clock::now();
  auto sealed = mail::SealedCopy::of(text);
  if (!sealed) std::abort();
  const auto result = loop.run_until_done(
      pools.run(loop, {.kind = kind, .input = input, .message = *sealed, .log_id = {}}, never));
  times.add(Clock::now() - start);
  if (kind.name == filters::kAttachmentsJob.name && !result) {
    std::fprintf(stderr, "the job failed: %s\n", result.error().text.c_str());
    std::exit(1);
  }
}

void print(const char* what, Times& times, double reference) {
  const double median = times.at(0.5);
  std::printf("%-44s %8.1f %8.1f %8.1f %8.2f\n", what, times.at(0.1), median, times.at(0.9),
              median / reference);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 2 && std::string_view(argv[1]) == "worker")  // as which it starts itself
    worker::run_worker(argv[2], filters::worker_handlers());
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 20'000;
  PingPong reference;  // before there are threads
  Loop loop;
  Offload offload(1, 16);
  Metrics metrics;
  const auto log = Log::in_memory();
  CancelSource never;
  worker::WorkerSettings settings;
  settings.inspect.processes = 1;
  auto pools =
      worker::WorkerPools::create(settings, {offload, *log, metrics}, worker::kWorkerCommand);
  if (!pools) return 1;
  const std::string text = message();
  const std::string rules = filters::encode(filters::AttachmentRules{}, mail::MimeLimits{});
  // Of no handler: what the way there and back costs, and nothing else.
  constexpr worker::JobKind kNothing{"nothing", worker::Pool::inspect};
  Times warm;
  Times raw;
  Times empty;
  Times whole;
  for (int i = 0; i < 200; ++i)
    job(**pools, loop, never, rules, text, filters::kAttachmentsJob, warm);
  for (int i = 0; i < rounds; ++i) {  // interleaved, as the machine has its moods
    reference.round(raw);
    job(**pools, loop, never, "", text, kNothing, empty);
    job(**pools, loop, never, rules, text, filters::kAttachmentsJob, whole);
  }
  const double median = raw.at(0.5);
  std::printf("%-44s %8s %8s %8s %8s\n", "microseconds", "p10", "median", "p90", "ratio");
  print("raw ping-pong of 4 KB", raw, median);
  print("a job with a 4 KB message, no work", empty, median);
  print("the attachments job with a 4 KB message", whole, median);
  return 0;
}
