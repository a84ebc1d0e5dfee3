#include "gateway/net/resolve.h"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include <netdb.h>
#include <sys/socket.h>

#include "gateway/base/thread.h"
#include "gateway/net/exhaustion.h"

namespace sekisho {
namespace {

using Addresses = NameResolver::Addresses;

constexpr std::size_t kMaxName = 254;  // RFC 1035 section 2.3.4, with a final dot

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

// Bounded by the system resolver's own time-outs (resolv.conf(5)).
Result<Addresses> ask_the_system(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int status = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
  const int error_number = errno;
  const std::unique_ptr<addrinfo, FreeAddresses> owner(list);
  if (status != 0) {
    const std::string what = "cannot resolve " + host;
    if (status == EAI_SYSTEM) return std::unexpected(refused_by_system(what, error_number));
    return fail(status == EAI_MEMORY ? ErrorKind::limit : ErrorKind::unavailable,
                what + ": " + ::gai_strerror(status));
  }
  Addresses found;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    if (entry->ai_family != AF_INET && entry->ai_family != AF_INET6) continue;
    const IpAddress address = Endpoint::from_sockaddr(entry->ai_addr, entry->ai_addrlen).address;
    if (std::ranges::find(found, address) == found.end()) found.push_back(address);
  }
  if (found.empty()) return fail(ErrorKind::unavailable, host + " has no address");
  return found;
}

std::vector<Endpoint> with_port(const Addresses& addresses, std::uint16_t port) {
  std::vector<Endpoint> endpoints;
  endpoints.reserve(addresses.size());
  for (const IpAddress& address : addresses) endpoints.push_back({address, port});
  return endpoints;
}

std::optional<IpAddress> as_literal(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return IpAddress::parse(host);
}

}  // namespace

struct NameResolver::State : std::enable_shared_from_this<State> {
  explicit State(Options with) : options(std::move(with)) {}

  struct Waiter {
    Loop& loop;
    Event answered;
  };
  using Waiting = std::shared_ptr<Waiter>;  // a wake-up that is still posted may outlive the wait
  struct Name {
    std::optional<Result<Addresses>> result;  // none: being looked up
    TimePoint expires;
    std::vector<Waiting> waiting;
  };
  using Entry = std::shared_ptr<Name>;

  // What is known of `host`, or will be when `waiter` is woken.
  Entry join(const std::string& host, const Waiting& waiter);
  void leave(Name& name, const Waiting& waiter);
  std::optional<Result<Addresses>> result_of(const Name& name);
  void close();

  void start_thread();
  void work();
  void finish(Name& name, Result<Addresses> result);

  const Options options;
  std::mutex mutex;
  std::map<std::string, Entry> names;                // guarded by mutex
  std::deque<std::pair<std::string, Entry>> to_ask;  // guarded by mutex
  std::size_t threads = 0;                           // guarded by mutex
};

NameResolver::State::Entry NameResolver::State::join(const std::string& host,
                                                     const Waiting& waiter) {
  const std::lock_guard lock(mutex);
  const TimePoint now = Clock::now();
  // Few names are ever asked for (those of the configuration), so all are looked at.
  std::erase_if(names, [now](const auto& entry) {
    return entry.second->result && entry.second->expires <= now;
  });
  Entry& entry = names[host];
  if (!entry) {
    entry = std::make_shared<Name>();
    to_ask.emplace_back(host, entry);
    if (threads < options.max_threads) start_thread();
  }
  if (!entry->result) entry->waiting.push_back(waiter);
  return entry;
}

void NameResolver::State::leave(Name& name, const Waiting& waiter) {
  const std::lock_guard lock(mutex);
  std::erase(name.waiting, waiter);
}

std::optional<Result<Addresses>> NameResolver::State::result_of(const Name& name) {
  const std::lock_guard lock(mutex);
  return name.result;
}

void NameResolver::State::close() {
  const std::lock_guard lock(mutex);
  to_ask.clear();
}

// Detached, and the state is shared: nobody who stops the program waits for a silent name server.
void NameResolver::State::start_thread() {
  try {
    std::thread([self = shared_from_this()] {
      enter_background_thread("sekisho-names");
      self->work();
    }).detach();
    ++threads;
  } catch (const std::system_error& why) {
    if (threads > 0) return;  // it is asked by one that runs
    const auto asked = std::exchange(to_ask, {});
    for (const auto& [host, entry] : asked)
      finish(*entry, fail(ErrorKind::limit, "cannot resolve " + host + ": " + why.what()));
  }
}

void NameResolver::State::work() {
  std::unique_lock lock(mutex);
  while (!to_ask.empty()) {
    const auto [host, entry] = std::move(to_ask.front());
    to_ask.pop_front();
    lock.unlock();
    auto result = options.look_up(host);
    lock.lock();
    finish(*entry, std::move(result));
  }
  --threads;
}

// With the mutex held: who waits can't leave meanwhile, so its loop is still there.
void NameResolver::State::finish(Name& name, Result<Addresses> result) {
  const bool ours = !result && result.error().kind == ErrorKind::limit;  // ask again at once
  name.expires = Clock::now() + (result ? options.keep : ours ? Duration() : options.keep_failure);
  name.result = std::move(result);
  for (const Waiting& waiter : std::exchange(name.waiting, {}))
    waiter->loop.post([waiter] { waiter->answered.notify(); });
}

NameResolver::NameResolver(Options options) {
  if (!options.look_up) options.look_up = ask_the_system;
  state_ = std::make_shared<State>(std::move(options));
}

NameResolver::~NameResolver() { state_->close(); }

Task<Result<std::vector<Endpoint>>> NameResolver::resolve(Loop& loop, std::string host,
                                                          std::uint16_t port, Deadline deadline,
                                                          CancelSource& cancel) {
  if (const auto address = as_literal(host))
    co_return std::vector<Endpoint>{{.address = *address, .port = port}};
  // An empty name would mean "this host" to getaddrinfo().
  if (host.empty() || host.size() > kMaxName || host.find('\0') != std::string::npos)
    co_return fail(ErrorKind::invalid, "not a host name: " + host);

  const std::shared_ptr<State> state = state_;
  const auto waiter = std::make_shared<State::Waiter>(loop);
  const State::Entry name = state->join(host, waiter);
  while (true) {
    if (auto result = state->result_of(*name)) {
      if (!*result) co_return std::unexpected(std::move(result->error()));
      co_return with_port(**result, port);
    }
    if (auto woken = co_await waiter->answered.wait(loop, deadline, cancel); !woken) {
      state->leave(*name, waiter);
      co_return fail(woken.error().kind, "cannot resolve " + host + ": " + woken.error().text);
    }
  }
}

}  // namespace sekisho
