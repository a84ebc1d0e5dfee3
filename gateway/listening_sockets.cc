#include "gateway/listening_sockets.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "gateway/net/listener.h"

namespace sekisho {
namespace {

constexpr int kBacklog = 1024;

// Would a probe of one find the other's socket in its way?
bool overlap(const Endpoint& one, const Endpoint& other) {
  return one.port == other.port && one.address.is_v4() == other.address.is_v4() &&
         (one.address == other.address || one.address.is_unspecified() ||
          other.address.is_unspecified());
}

bool has_overlap(const ListenerPlaces& places, const Endpoint& address) {
  return std::ranges::any_of(
      places, [&](const auto& entry) { return overlap(entry.second.bound, address); });
}

// One socket a thread, all on the same port.
Result<std::vector<Descriptor>> open_sockets(Endpoint address, std::size_t count) {
  std::vector<Descriptor> sockets;
  for (std::size_t i = 0; i < count; ++i) {
    auto opened = open_listening_socket(address, kBacklog);
    if (!opened) return std::unexpected(std::move(opened.error()));
    sockets.emplace_back(*opened);
    address = local_endpoint(*opened);  // port 0 was a free one for the first alone
  }
  return sockets;
}

class Opening {
 public:
  Opening(const Snapshot& next, const ListenerPlaces& now, std::size_t threads)
      : next_(next), now_(now), result_{.places = {}, .shares{threads}} {}

  Result<Listening> run();

 private:
  Result<void> read_addresses();
  // The open place that listener `name` may go on with, if nobody has taken it.
  [[nodiscard]] const ListenerPlace* find_kept(const Endpoint& wanted) const;
  void keep(const std::string& name, const Endpoint& wanted, const ListenerPlace& place);
  Result<void> open(const std::string& name, const Endpoint& wanted);

  const Snapshot& next_;
  const ListenerPlaces& now_;
  std::map<std::string, Endpoint> wanted_;  // what has no socket yet
  std::set<Endpoint> kept_;
  Listening result_;
};

Result<void> Opening::read_addresses() {
  for (const auto& [name, plan] : next_.listeners) {
    const auto address = Endpoint::parse(plan->settings.address);
    if (!address)
      return fail(ErrorKind::invalid,
                  fmt::format("listener {}: \"{}\" is not an address with a port", name,
                              plan->settings.address));
    wanted_.emplace(name, *address);
  }
  return {};
}

const ListenerPlace* Opening::find_kept(const Endpoint& wanted) const {
  for (const auto& [name, place] : now_)
    if ((place.bound == wanted || place.configured == wanted) && !kept_.contains(place.bound))
      return &place;
  return nullptr;
}

void Opening::keep(const std::string& name, const Endpoint& wanted, const ListenerPlace& place) {
  kept_.insert(place.bound);
  for (auto& share : result_.shares) share.push_back({place.bound, name, {}});
  result_.places.emplace(name, ListenerPlace{wanted, place.bound});
}

Result<void> Opening::open(const std::string& name, const Endpoint& wanted) {
  const auto fail_for = [&](const Error& why) {
    return fail(why.kind, fmt::format("listener {}: {}", name, why.text));
  };
  // A probe can't tell our own sockets from another program's, which would be in the way of bind()
  // too unless it shares its port.
  const bool ours = has_overlap(now_, wanted) || has_overlap(result_.places, wanted);
  if (!ours)
    if (auto free = check_port_free(wanted); !free) return fail_for(free.error());
  for (const auto& [other, place] : result_.places)
    if (place.bound == wanted)
      return fail(ErrorKind::unavailable,
                  fmt::format("listener {}: listener {} has this address", name, other));
  auto sockets = open_sockets(wanted, result_.shares.size());
  if (!sockets) return fail_for(sockets.error());
  const Endpoint bound = local_endpoint(sockets->front().get());
  for (std::size_t i = 0; i < sockets->size(); ++i)
    result_.shares[i].push_back({bound, name, std::move((*sockets)[i])});
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
  for (const auto& [name, address] : wanted_)
    if (auto opened = open(name, address); !opened)
      return std::unexpected(std::move(opened.error()));
  return std::move(result_);
}

}  // namespace

Result<Listening> open_listening_sockets(const Snapshot& next, const ListenerPlaces& now,
                                         std::size_t threads) {
  return Opening(next, now, threads).run();
}

}  // namespace sekisho
