// A whole session under any bytes of a client, in any pieces, over upstreams that are well or that
// break the protocol: the real Session, Snapshot, filters and Pool, everything on one loop.
//
// The input: one byte that chooses listener and patience, one for the upstreams' misbehaviour, one
// for the size of the client's writes, then what the client sends (fuzz_client.h) before it closes
// its half. Oracles:
//   - nobody logged in, so no recipient but those of our domain was asked for upstream;
//   - every message acknowledged was taken by an upstream, once, for exactly the recipients that
//     the client was told; a well upstream has no message more, and none that is not acknowledged;
//   - no upstream heard a control byte, a framing error or a command out of order
//     (recording_upstream.cc), no client a malformed reply (transcript.cc), no log line holds a
//     control byte;
//   - the session ends when the client has, and leaves no connection behind.
// SEKISHO_FUZZ_SHOW=1 fuzz_session FILE shows what the client of that input heard.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/socket.h>

#include "gateway/auth/dovecot_connection.h"
#include "gateway/base/text.h"
#include "gateway/session.h"
#include "tests/fuzz/session/fuzz_client.h"
#include "tests/fuzz/session/recording_upstream.h"
#include "tests/fuzz/session/require.h"
#include "tests/fuzz/session/transcript.h"
#include "tests/fuzz/session/world.h"

namespace sekisho::fuzz {
namespace {

constexpr auto kPatience = 5s;

struct Input {
  Patience patience = Patience::much;
  Plan plan = Plan::mx;
  Misbehaviour misbehaviour;
  bool both = false;  // upstreams misbehave, not only the first
  bool has_extensions = true;
  std::size_t piece = std::string_view::npos;
  std::string_view script;

  static Input parse(std::string_view bytes) {
    const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); };
    Input input;
    if (byte(0) % 4 == 1) input.plan = Plan::any_grant;
    if (byte(0) % 4 == 2) input.plan = Plan::submission;
    if ((byte(0) & 0x10) != 0) input.patience = Patience::none;
    input.both = (byte(0) & 0x20) != 0;
    input.has_extensions = (byte(0) & 0x40) == 0;
    input.misbehaviour = choose_misbehaviour(byte(1));
    if (byte(2) != 0) input.piece = byte(2);
    input.script = bytes.substr(3);
    return input;
  }
  [[nodiscard]] bool well() const { return misbehaviour.at.empty(); }
};

// What is of one run and must not be seen by the next.
struct Run {
  Run(World& shared, const Input& input)
      : world(shared),
        pool(world.loop, world.resolver, world.offload, world.log, world.metrics),
        dovecot(world.loop),
        services{world.loop,   world.offload, *world.dns,    world.workers,  pool,
                 dovecot,      world.log,     world.metrics, world.counters, *world.suspensions,
                 world.errands} {
    world.first.begin(input.misbehaviour, input.has_extensions);
    world.second.begin(input.both ? input.misbehaviour : Misbehaviour{}, input.has_extensions);
    std::array<int, 2> ends{};
    require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0, "no sockets");
    const Endpoint stranger = *Endpoint::parse("192.0.2.7:4711");
    auto ticket = world.limits.admit(stranger.address, 1, 1);
    require(ticket.has_value(), "a ticket was not given back");
    session.emplace(services, Connection{.snapshot = world.snapshot(input.patience),
                                         .plan = world.plan(input.plan),
                                         .socket = Descriptor(ends[0]),
                                         .ticket = std::move(*ticket),
                                         .remote = stranger,
                                         .local = *Endpoint::parse("192.0.2.1:25")});
    client.emplace(world.loop, ends[1]);
  }

  // Has a task done and tells when it is.
  static Task<void> watch(Task<void> task, bool& done, Event& changed) {
    co_await std::move(task);
    done = true;
    changed.notify();
  }
  Task<void> wait_for(const bool& done, Event& changed, std::string_view what) {
    while (!done)
      require((co_await changed.wait(world.loop, Deadline::in(kPatience), never)).has_value(), what,
              client->heard());
  }

  Task<void> play(std::string_view script, std::size_t piece) {
    spawn(watch(session->run(), session_over, session_changed));
    spawn(watch(client->listen(), client_over, client_changed));
    co_await client->talk(script, piece);
    co_await wait_for(session_over, session_changed, "the session does not end");
    session.reset();
    co_await wait_for(client_over, client_changed, "the connection does not end");
    pool.shut_down();
    require((co_await pool.wait_quiet(Deadline::in(kPatience), never)).has_value(),
            "the pool does not end");
    co_await world.first.wait_quiet();
    co_await world.second.wait_quiet();
  }

  World& world;
  CancelSource never;
  upstream::Pool pool;
  auth::DovecotConnections dovecot;
  SessionServices services;
  std::optional<Session> session;
  std::optional<FuzzClient> client;
  bool session_over = false;
  bool client_over = false;
  Event session_changed;
  Event client_changed;
};

bool is_ours(std::string_view recipient) {
  if (iequals(recipient, "postmaster")) return true;
  const std::size_t at = recipient.rfind('@');
  return at != std::string_view::npos && recipient.substr(at + 1) == "example.com" &&
         recipient.substr(0, at).find_first_of("@%!") == std::string_view::npos;
}

// The client's words BDAT, each of which ends a message at most.
std::size_t count_chunks(std::string_view script) {
  std::string said;
  for (const char byte : script)
    if (byte != kCut && byte != kListen) said += byte;
  said = to_upper(said);
  std::size_t count = 0;
  for (std::size_t at = 0; (at = said.find("BDAT", at)) != std::string::npos; ++at) ++count;
  return count;
}

void check(const Input& input, const Transcript& heard,
           const std::vector<const RecordingUpstream::Record*>& records) {
  std::size_t dots = 0;
  for (const auto* record : records) {
    dots += record->messages.size();
    for (const std::string& recipient : record->asked_for)
      require(heard.authenticated || is_ours(recipient), "relayed for a stranger", recipient);
  }
  require(dots <= heard.go_aheads + count_chunks(input.script),
          "more messages went up than the client sent");
  require(heard.acknowledged.size() <= dots, "a message was acknowledged that never went up");
  for (const auto& message : heard.acknowledged) {
    std::size_t found = 0;
    for (const auto* record : records)
      for (const auto& sent : record->messages) {
        if (sent.text.find("\tid " + message.id) == std::string::npos) continue;
        ++found;
        require(sent.taken, "a message was acknowledged that no upstream took", message.id);
        require(sent.recipients == message.recipients, "acknowledged for other recipients",
                message.id);
      }
    require(found == 1, "a message that was acknowledged is not there once", message.id);
  }
  if (!input.well()) return;
  require(dots == heard.acknowledged.size(), "an upstream took a message that is not acknowledged");
  require(!heard.upstream_blamed, "a well upstream was blamed");
}

void run(std::string_view bytes) {
  static const test::TempDir folder;
  // Not destroyed: other threads are in it until the program ends.
  static World& world = *new World(folder);
  const Input input = Input::parse(bytes);
  Run run(world, input);
  world.loop.run_until_done(run.play(input.script, input.piece));
  static const bool show = std::getenv("SEKISHO_FUZZ_SHOW") != nullptr;
  if (show) (void)std::fwrite(run.client->heard().data(), 1, run.client->heard().size(), stderr);
  check(input, Transcript(run.client->heard()), {&world.first.record(), &world.second.record()});
}

}  // namespace
}  // namespace sekisho::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  sekisho::fuzz::run(std::string(data, data + size));
  return 0;
}
