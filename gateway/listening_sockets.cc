#include "gateway/listening_sockets.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <set>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>

#include "gateway/net/listener.h"

namespace sekisho {
namespace {

// Would a probe of one find the other's socket in its way?
bool overlap(const Endpoint& one, const Endpoint& other) {
  return one.port == other.port && one.address.is_v4() == other.address.is_v4() &&
         (one.address == other.address || one.address.is_unspecified() ||
          other.address.is_unspecified());
}

// Of a Unix socket every probe tells.
bool overlap(const SocketAddress& one, const SocketAddress& other) {
  return !one.is_unix() && !other.is_unix() && overlap(one.endpoint(), other.endpoint());
}

bool has_overlap(const ListenerPlaces& places, const SocketAddress& address) {
  return std::ranges::any_of(
      places, [&](const auto& entry) { return overlap(entry.second.bound, address); });
}

class Opening {
 public:
  Opening(const Snapshot& next, const ListenerPlaces& now, std::size_t threads,
          Supervisor& supervisor, std::vector<GivenSockets>& given)
      : next_(next),
        now_(now),
        supervisor_(supervisor),
        given_(given),
        result_{.places = {}, .shares{threads}} {}

  Result<Listening> run();

 private:
  Result<void> read_addresses();
  // The open place that listener `name` may go on with, if nobody has taken it.
  [[nodiscard]] const ListenerPlace* find_kept(const SocketAddress& wanted) const;
  void keep(const std::string& name, const SocketAddress& wanted, const ListenerPlace& place);
  enum class Match { name, address };
  [[nodiscard]] bool take_given(const std::string& name, const SocketAddress& wanted, Match match);
  Result<void> share_out(const std::string& name, const SocketAddress& bound,
                         std::vector<Descriptor> sockets);
  Result<void> open(const std::string& name, const SocketAddress& wanted);

  const Snapshot& next_;
  const ListenerPlaces& now_;
  Supervisor& supervisor_;
  std::vector<GivenSockets>& given_;
  std::map<std::string, SocketAddress> wanted_;  // what has no socket yet
  std::set<SocketAddress> kept_;
  Listening result_;
};

Result<void> Opening::read_addresses() {
  for (const auto& [name, plan] : next_.listeners) {
    const auto address = SocketAddress::parse(plan->settings.address);
    if (!address)
      return fail(
          ErrorKind::invalid,
          fmt::format("listener {}: \"{}\" is neither an address with a port nor a Unix socket",
                      name, plan->settings.address));
    wanted_.emplace(name, *address);
  }
  return {};
}

const ListenerPlace* Opening::find_kept(const SocketAddress& wanted) const {
  for (const auto& [name, place] : now_)
    if ((place.bound == wanted || place.configured == wanted) && !kept_.contains(place.bound))
      return &place;
  return nullptr;
}

void Opening::keep(const std::string& name, const SocketAddress& wanted,
                   const ListenerPlace& place) {
  kept_.insert(place.bound);
  for (auto& share : result_.shares) share.push_back({place.bound, name, {}});
  result_.places.emplace(name, ListenerPlace{wanted, place.bound});
}

// Each thread gets at least one, each socket goes to one thread at least. A duplicate is the same
// socket in the kernel: the threads that have it are all woken by a client, and one gets it.
Result<void> Opening::share_out(const std::string& name, const SocketAddress& bound,
                                std::vector<Descriptor> sockets) {
  const std::size_t threads = result_.shares.size();
  std::vector<ListenerSocket> shared;
  for (std::size_t i = sockets.size(); i < threads; ++i) {
    Descriptor copy(::fcntl(sockets[i % sockets.size()].get(), F_DUPFD_CLOEXEC, 0));
    if (!copy.is_open())
      return std::unexpected(
          system_error(ErrorKind::unavailable, "cannot share " + bound.to_string(), errno));
    shared.push_back({bound, name, std::move(copy)});
  }
  for (std::size_t i = 0; i < shared.size(); ++i)
    result_.shares[sockets.size() + i].push_back(std::move(shared[i]));
  for (std::size_t i = 0; i < sockets.size(); ++i)
    result_.shares[i % threads].push_back({bound, name, std::move(sockets[i])});
  return {};
}

bool Opening::take_given(const std::string& name, const SocketAddress& wanted, Match match) {
  const auto fits = [&](const GivenSockets& one) {
    if (one.bound.is_unix() != wanted.is_unix()) return false;
    if (match == Match::name) return one.name == name && one.configured.value_or(wanted) == wanted;
    return one.bound == wanted || one.configured == wanted;
  };
  const auto found = std::ranges::find_if(given_, fits);
  if (found == given_.end()) return false;
  const SocketAddress bound = found->bound;
  if (!share_out(name, bound, std::move(found->sockets))) return false;
  given_.erase(found);
  result_.places.emplace(name, ListenerPlace{wanted, bound});
  return true;
}

Result<void> Opening::open(const std::string& name, const SocketAddress& wanted) {
  const auto fail_for = [&](const Error& why) {
    return fail(why.kind, fmt::format("listener {}: {}", name, why.text));
  };
  // A probe can't tell our own sockets from another program's, which would be in the way of bind()
  // too unless it shares its port.
  const bool ours = has_overlap(now_, wanted) || has_overlap(result_.places, wanted) ||
                    std::ranges::any_of(given_, [&](const GivenSockets& one) {
                      return overlap(one.bound, wanted);
                    });
  for (const auto& [other, place] : result_.places)
    if (place.bound == wanted)
      return fail(ErrorKind::unavailable,
                  fmt::format("listener {}: listener {} has this address", name, other));
  auto sockets = supervisor_.open_sockets({.address = wanted,
                                           .count = result_.shares.size(),
                                           .shared = ours,
                                           .rights = next_.listeners.at(name)->socket_rights});
  if (!sockets) return fail_for(sockets.error());
  const SocketAddress bound = local_address(sockets->front().get());
  if (auto shared = share_out(name, bound, std::move(*sockets)); !shared)
    return fail_for(shared.error());
  result_.places.emplace(name, ListenerPlace{wanted, bound});
  return {};
}

Result<Listening> Opening::run() {
  if (auto read = read_addresses(); !read) return std::unexpected(std::move(read.error()));
  // First whoever is called what it was called, then whoever has another name now: with port 0 many
  // listeners have the same address in the configuration.
  std::erase_if(wanted_, [this](const auto& entry) {
    const auto before = now_.find(entry.first);
    if (before == now_.end() || before->second.configured != entry.second) return false;
    keep(entry.first, entry.second, before->second);
    return true;
  });
  std::erase_if(wanted_, [this](const auto& entry) {
    const ListenerPlace* place = find_kept(entry.second);
    if (place != nullptr) keep(entry.first, entry.second, *place);
    return place != nullptr;
  });
  for (const Match match : {Match::name, Match::address})
    std::erase_if(wanted_,
                  [&](const auto& entry) { return take_given(entry.first, entry.second, match); });
  for (const auto& [name, address] : wanted_)
    if (auto opened = open(name, address); !opened)
      return std::unexpected(std::move(opened.error()));
  return std::move(result_);
}

}  // namespace

Result<Listening> open_listening_sockets(const Snapshot& next, const ListenerPlaces& now,
                                         std::size_t threads, Supervisor& supervisor,
                                         std::vector<GivenSockets>& given) {
  return Opening(next, now, threads, supervisor, given).run();
}

Result<Listening> open_listening_sockets(const Snapshot& next, const ListenerPlaces& now,
                                         std::size_t threads) {
  Supervisor nobody;
  std::vector<GivenSockets> nothing;
  return open_listening_sockets(next, now, threads, nobody, nothing);
}

}  // namespace sekisho
