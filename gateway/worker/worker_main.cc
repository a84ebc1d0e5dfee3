#include "gateway/worker/worker_main.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <exception>
#include <new>
#include <string>
#include <utility>

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "gateway/base/spawn.h"
#include "gateway/worker/channel.h"
#include "gateway/worker/frames.h"
#include "gateway/worker/sandbox.h"

namespace sekisho::worker {
namespace {

using Buffer = std::array<char, kMaxFrame + 1>;

std::optional<Pool> pool_of(std::string_view name) {
  for (const Pool pool : {Pool::inspect, Pool::signer})
    if (name == to_string(pool)) return pool;
  return std::nullopt;
}

// What libraries look up in files when they are first used.
void warm_up() {
  ::tzset();
  ::OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, nullptr);
  unsigned char byte = 0;
  ::RAND_bytes(&byte, 1);
}

template <class Frame>
void say(const Frame& frame) {
  const auto bytes = encode(FromWorker(frame));
  if (!bytes || !send_frame_waiting(kSpawnedSocket, *bytes)) ::_exit(0);  // nobody listens
}

void say_done(const Result<std::string>& result) {
  if (!result) {
    const std::string_view text = result.error().text;
    return say(DoneFrame{{result.error().kind, text.substr(0, kPart)}});
  }
  std::string_view left = *result;
  for (; left.size() > kPart; left.remove_prefix(kPart)) say(PartFrame{left.substr(0, kPart)});
  say(DoneFrame{{std::nullopt, left}});
}

[[noreturn]] void end_unable(const Error& why) {
  say(UnableFrame{std::string_view(why.text).substr(0, kPart)});
  ::_exit(kNotStarted);
}

Result<std::string> handle(const Handlers& handlers, Pool pool, std::string_view kind,
                           const JobInput& input) {
  const auto handler = std::ranges::find_if(handlers.jobs, [&](const Handler& one) {
    return one.kind.name == kind && one.kind.pool == pool;
  });
  if (handler == handlers.jobs.end())
    return fail(ErrorKind::invalid, "no handler for this kind of job");
  try {
    auto result = handler->run(input);
    if (result && result->size() > kMaxResult)
      return fail(ErrorKind::limit, "the job's result is too long");
    return result;
  } catch (const std::bad_alloc&) {
    ::_exit(kOutOfMemory);
  } catch (const std::exception& error) {
    return fail(ErrorKind::invalid, error.what());
  } catch (...) {
    return fail(ErrorKind::invalid, "an exception of an unknown type");
  }
}

Result<std::string> do_job(const Handlers& handlers, Pool pool, const JobFrame& job,
                           const std::vector<Descriptor>& files) {
  std::vector<mail::SealedView> views;
  for (const Descriptor& file : files) {
    auto view = mail::SealedView::map(file.get());
    if (!view) return std::unexpected(std::move(view.error()));
    views.push_back(std::move(*view));
  }
  JobInput input{.input = job.input, .message = std::nullopt};
  if (job.has_message) input.message = views.front().bytes();
  if (job.input_by_descriptor) input.input = views.back().bytes();
  return handle(handlers, pool, job.kind, input);
}

// Everything up to "ready".
Pool get_ready(std::string_view name, const Handlers& handlers, Buffer& buffer) {
  if (!leave_the_world(kSpawnedSocket)) ::_exit(kNotStarted);
  const auto pool = pool_of(name);
  ::prctl(PR_SET_NAME, ("sekisho-" + std::string(name)).c_str());  // in ps; it was "exe"
  const auto datagram = receive(kSpawnedSocket, buffer, 1);
  if (!datagram) ::_exit(kNotStarted);
  const auto frame = decode_to_worker(datagram->bytes);
  const auto* const setup = frame ? std::get_if<SetupFrame>(&*frame) : nullptr;
  if (!pool || setup == nullptr || setup->pool != name || datagram->descriptors.size() != 1)
    ::_exit(kNonsense);
  warm_up();
  {
    const auto told = mail::SealedView::map(datagram->descriptors.front().get());
    if (!told) end_unable(told.error());
    if (handlers.prepare) {
      const auto prepared = handlers.prepare(*pool, told->bytes());
      if (!prepared) end_unable(prepared.error());
    }
  }
  const auto lacks = close_sandbox(setup->memory);
  if (!lacks) end_unable(lacks.error());
  say(ReadyFrame{*lacks});
  return *pool;
}

}  // namespace

void run_worker(std::string_view name, const Handlers& handlers) {
  static Buffer buffer;  // one process, one thread, one job
  const Pool pool = get_ready(name, handlers, buffer);
  while (true) {
    const auto datagram = receive(kSpawnedSocket, buffer, kMaxDescriptors);
    if (!datagram) ::_exit(datagram.error().kind == ErrorKind::closed ? 0 : kNonsense);
    const auto frame = decode_to_worker(datagram->bytes);
    const auto* const job = frame ? std::get_if<JobFrame>(&*frame) : nullptr;
    if (job == nullptr || job->descriptors() != datagram->descriptors.size()) ::_exit(kNonsense);
    say_done(do_job(handlers, pool, *job, datagram->descriptors));
  }
}

}  // namespace sekisho::worker
