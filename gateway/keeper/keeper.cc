#include "gateway/keeper/keeper.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <list>
#include <utility>

#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/base/encode.h"
#include "gateway/base/respawn.h"
#include "gateway/keeper/privileges.h"
#include "gateway/keeper/socket_wish.h"
#include "gateway/keeper/systemd.h"

namespace sekisho::keeper {
namespace {

// Without a sign of life for so long, a process is replaced; less if systemd wants it so.
constexpr Duration kWatchdog = 60s;
// A process that is to take over must serve by then.
constexpr Duration kStartPatience = 60s;
// What is killed for hanging may take so long to write a core.
constexpr Duration kMercy = 2s;
constexpr std::size_t kMostWords = 16;  // for a log that isn't there yet
constexpr int kSignalBase = 128;        // as a shell says that a signal ended a process

class Keeper {
 public:
  explicit Keeper(const Options& options)
      : program_(options.program), held_(systemd_.take_sockets()) {}

  int run();

 private:
  using State = Child::State;
  using Children = std::list<Child>;

  bool start();
  void restart();
  void hear(Child& child);
  void obey(Child& child, const Message& message);
  void open_for(Child& child, const Message& message);
  void take_notice(Child& child, const std::string& assignments);
  void serves(Child& child);
  void on_signals();
  void pass_on(int number);
  void reap();
  void bury(const Child& dead, int status);
  void look_at_clocks();
  [[nodiscard]] int next_wait() const;
  [[nodiscard]] Child* find(State state);
  // For people who read standard error, and for the log of the process that serves.
  void say(const std::string& event, const std::string& what);

  Program program_;
  SystemdSupervisor systemd_;
  HeldSockets held_;
  Children children_;
  RespawnDelay delay_;
  Deadline respawn_ = Deadline::never();
  Deadline feed_ = Deadline::never();  // systemd's watchdog, while no process can do it
  Duration watchdog_ = kWatchdog;
  Descriptor signals_;
  std::vector<std::pair<std::string, std::string>> unsaid_;
  bool has_served_ = false;
  bool stopping_ = false;
  bool reload_wanted_ = false;  // by a signal that came while a process was starting
  std::optional<int> exit_code_;
};

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status)) return fmt::format("was killed by signal {}", WTERMSIG(status));
  return fmt::format("exited with {}", WEXITSTATUS(status));
}

Child* Keeper::find(State state) {
  const auto found = std::ranges::find(children_, state, &Child::state);
  return found == children_.end() ? nullptr : &*found;
}

void Keeper::say(const std::string& event, const std::string& what) {
  fmt::print(stderr, "sekisho: {}: {}\n", event, what);
  unsaid_.emplace_back(event, what);
  if (unsaid_.size() > kMostWords) unsaid_.erase(unsaid_.begin());
  const Child* const serving = find(State::serving);
  if (serving == nullptr || !serving->mercy.is_never()) return;
  for (const auto& [name, text] : unsaid_) (void)serving->channel.send({"log", name, text});
  unsaid_.clear();
}

bool Keeper::start() {
  respawn_ = Deadline::never();
  auto child = start_child(program_, watchdog_);
  if (child) {
    children_.push_back(std::move(*child));
    return true;
  }
  say("gateway_not_started", child.error().text);
  respawn_ = Deadline::in(delay_.after(Duration::zero()));
  return false;
}

void Keeper::restart() {
  if (stopping_) return;
  if (find(State::starting) != nullptr) return say("restart_refused", "a process is starting");
  if (find(State::serving) == nullptr) return;  // the next to come is new anyway
  auto child = start_child(program_, watchdog_);
  if (!child) return say("restart_failed", child.error().text + "; the old process goes on");
  children_.push_back(std::move(*child));
}

void Keeper::hear(Child& child) {
  const auto message = child.channel.receive(Duration::zero());
  if (message && !message->fields.empty() && message->sockets.empty()) return obey(child, *message);
  if (!message && message.error().kind == ErrorKind::timeout) return;
  child.channel_open = false;  // it ends, or is out of its mind
  child.channel = {};
}

void Keeper::obey(Child& child, const Message& message) {
  const std::string& verb = message.fields[0];
  if (verb == "take") {
    for (const GivenSockets& one : held_.all()) {
      std::vector<int> sockets;
      for (const Descriptor& socket : one.sockets) sockets.push_back(socket.get());
      (void)child.channel.send({"held", one.name, one.configured ? one.configured->to_string() : "",
                                one.bound.to_string()},
                               sockets);
    }
    (void)child.channel.send({"end"});
  } else if (verb == "open") {
    open_for(child, message);
  } else if (verb == "keep" && message.fields.size() % 3 == 1) {
    child.claim.places.clear();
    child.claim.stated = true;
    for (std::size_t i = 1; i + 2 < message.fields.size(); i += 3) {
      const auto configured = SocketAddress::parse(message.fields[i + 1]);
      const auto bound = SocketAddress::parse(message.fields[i + 2]);
      if (configured && bound)
        child.claim.places.push_back({message.fields[i], *configured, *bound});
    }
    if (child.state == State::serving) held_.commit(child.claim);
  } else if (verb == "notify" && message.fields.size() == 2) {
    take_notice(child, message.fields[1]);
  }
}

void Keeper::open_for(Child& child, const Message& message) {
  const auto wish = parse_wish(message.fields);
  const auto opened =
      wish ? held_.open(child.claim, *wish) : fail(ErrorKind::invalid, "not an address");
  const auto sent = opened ? child.channel.send({"opened"}, *opened)
                           : child.channel.send({"failed", opened.error().text});
  if (!sent) (void)child.channel.send({"failed", sent.error().text});
}

void Keeper::take_notice(Child& child, const std::string& assignments) {
  child.last_sign = Clock::now();
  const bool ready = assignments.starts_with("READY=1");
  if (child.state == State::starting && ready) serves(child);
  if (child.state != State::serving) return;
  if (assignments.starts_with("STOPPING=1") && !stopping_) {  // somebody has told it, not us
    child.enter(State::retired);
    say("gateway_stops", fmt::format("process {} was told to end; the next starts", child.pid));
    if (find(State::starting) == nullptr) start();
    return;
  }
  if (assignments.starts_with("WATCHDOG=1") && systemd_.watchdog() == Duration::zero()) return;
  systemd_.notify(assignments);
}

void Keeper::serves(Child& child) {
  if (Child* const old = find(State::serving)) {
    old->enter(State::retired);
    (void)old->channel.send({"retire"});
    child.enter(State::serving);
    say("restarted", fmt::format("process {} serves, process {} ends", child.pid, old->pid));
  } else {
    child.enter(State::serving);
    if (std::exchange(has_served_, true))
      say("respawned", fmt::format("process {} serves", child.pid));
  }
  held_.commit(child.claim);
  if (std::exchange(reload_wanted_, false)) child.signal(SIGHUP);
}

void Keeper::on_signals() {
  signalfd_siginfo caught{};
  while (::read(signals_.get(), &caught, sizeof caught) == sizeof caught) {
    const int number = static_cast<int>(caught.ssi_signo);
    if (number == SIGCHLD)
      reap();
    else if (number == SIGUSR2)
      restart();
    else
      pass_on(number);
  }
}

void Keeper::pass_on(int number) {
  if (number == SIGTERM || number == SIGINT) {
    stopping_ = true;
    respawn_ = Deadline::never();
    for (const Child& child : children_) child.signal(number);
    return;
  }
  for (const Child& child : children_) {
    if (child.state != State::starting)  // it has not said yet what it does about signals
      child.signal(number);
    else if (number == SIGHUP)
      reload_wanted_ = true;
  }
}

void Keeper::reap() {
  int status = 0;
  pid_t pid = 0;
  while ((pid = ::waitpid(-1, &status, WNOHANG)) > 0) {
    const auto found = std::ranges::find(children_, pid, &Child::pid);
    if (found == children_.end()) continue;
    while (found->channel_open && found->state == State::starting) {
      pollfd left{.fd = found->channel.fd(), .events = POLLIN, .revents = 0};
      if (::poll(&left, 1, 0) <= 0) break;
      hear(*found);  // what it said last
    }
    Children dead;
    dead.splice(dead.begin(), children_, found);
    bury(dead.front(), status);
  }
}

void Keeper::bury(const Child& dead, int status) {
  const bool by_our_signal =
      WIFSIGNALED(status) && (WTERMSIG(status) == SIGTERM || WTERMSIG(status) == SIGINT);
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : kSignalBase + WTERMSIG(status);
  if (stopping_) {
    if (dead.state != State::retired) exit_code_ = by_our_signal ? 0 : code;
    return;
  }
  const std::string what = fmt::format("process {} {}", dead.pid, how_it_ended(status));
  if (dead.state == State::retired) {
    if (status != 0) say("retired_process_failed", what);
    return;
  }
  if (!has_served_) {  // as if there were no keeper: it has said why
    if (WIFSIGNALED(status)) say("gateway_died", what);
    exit_code_ = code;
    return;
  }
  if (dead.state == State::starting && find(State::serving) != nullptr)
    return say("restart_failed", what + " before it served; the old process goes on");
  const Duration served =
      dead.state == State::serving ? Clock::now() - dead.since : Duration::zero();
  const Duration wait = delay_.after(served);
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(wait).count();
  say("gateway_died",
      fmt::format("{}; the next starts {}", what,
                  milliseconds == 0 ? "at once" : fmt::format("in {} ms", milliseconds)));
  if (find(State::starting) != nullptr) return;  // the one that was to take over takes over now
  respawn_ = Deadline::in(wait);
}

void Keeper::look_at_clocks() {
  const TimePoint now = Clock::now();
  if (respawn_.passed(now)) start();
  for (Child& child : children_) {
    const bool too_slow =
        child.state == State::starting && has_served_ && now - child.since > kStartPatience;
    const bool hangs =
        child.state == State::serving && !stopping_ && now - child.last_sign > watchdog_;
    if (child.mercy.passed(now)) child.signal(SIGKILL);  // it doesn't even look at signals
    if ((!too_slow && !hangs) || !child.mercy.is_never()) continue;
    child.mercy = Deadline::in(kMercy);
    say(hangs ? "gateway_hangs" : "gateway_too_slow",
        fmt::format("process {} is killed", child.pid));
    child.signal(SIGABRT);  // leaves a core where the system wants one
  }
  if (feed_.passed(now)) {
    if (find(State::serving) == nullptr || stopping_) systemd_.notify("WATCHDOG=1");
    feed_ = Deadline::in(systemd_.watchdog() / 4);
  }
}

int Keeper::next_wait() const {
  constexpr Duration kLook = 1s;  // how late a process that hangs may be found out
  Deadline next = Deadline::in(kLook).or_sooner(respawn_).or_sooner(feed_);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next.remaining(Clock::now()));
  return static_cast<int>(left.count());
}

int Keeper::run() {
  if (systemd_.watchdog() > Duration::zero()) {
    watchdog_ = std::min(watchdog_, systemd_.watchdog() / 2);
    feed_ = Deadline::in(Duration::zero());
  }
  sigset_t ours;
  sigemptyset(&ours);
  for (const int number : {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2})
    sigaddset(&ours, number);
  ::sigprocmask(SIG_BLOCK, &ours, nullptr);
  signals_ = Descriptor(::signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_.is_open() || !start()) return EXIT_FAILURE;
  while (!children_.empty() || !(stopping_ || exit_code_)) {
    std::vector<pollfd> watched{{.fd = signals_.get(), .events = POLLIN, .revents = 0}};
    std::vector<Child*> who{nullptr};
    for (Child& child : children_) {
      if (!child.channel_open) continue;
      watched.push_back({.fd = child.channel.fd(), .events = POLLIN, .revents = 0});
      who.push_back(&child);
    }
    ::poll(watched.data(), watched.size(), next_wait());
    for (std::size_t i = 1; i < watched.size(); ++i)
      if (watched[i].revents != 0) hear(*who[i]);
    if (watched[0].revents != 0) on_signals();
    look_at_clocks();
  }
  return exit_code_.value_or(EXIT_SUCCESS);
}

}  // namespace

int run_keeper(const Options& options) {
  if (!options.user.empty())
    if (auto done = become_user(options.user); !done) {
      fmt::print(stderr, "sekisho: {}\n", done.error().text);
      return EXIT_FAILURE;
    }
  ::prctl(PR_SET_NAME, "sekisho-keeper");
  std::signal(SIGPIPE, SIG_IGN);  // whoever reads standard error may go away
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {  // for the sockets of many threads
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  return Keeper(options).run();
}

}  // namespace sekisho::keeper
