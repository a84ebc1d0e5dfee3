#include "gateway/keeper/held_sockets.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "gateway/keeper/channel.h"
#include "gateway/net/listener.h"

namespace sekisho::keeper {
namespace {

constexpr std::size_t kMaxAddresses = 1024;

}  // namespace

Result<std::vector<int>> HeldSockets::open(Claim& claim, const SocketWish& wish) {
  if (wish.count == 0 || wish.count > kMaxSockets || claim.opened.size() >= kMaxAddresses)
    return fail(ErrorKind::limit, "too many sockets");
  auto sockets = Supervisor().open_sockets(wish);
  if (!sockets) return std::unexpected(std::move(sockets.error()));
  std::vector<int> descriptors;
  for (const Descriptor& socket : *sockets) descriptors.push_back(socket.get());
  const SocketAddress bound = local_address(descriptors.front());
  claim.opened.push_back({"", wish.address, bound, std::move(*sockets)});
  return descriptors;
}

void HeldSockets::commit(Claim& claim) {
  if (!claim.stated) return;
  std::ranges::move(claim.opened, std::back_inserter(held_));
  claim.opened.clear();
  std::vector<GivenSockets> used;
  for (const HeldPlace& place : claim.places) {
    const auto found = std::ranges::find(held_, place.bound, &GivenSockets::bound);
    if (found == held_.end()) continue;
    found->name = place.name;
    found->configured = place.configured;
    used.push_back(std::move(*found));
    held_.erase(found);
  }
  held_ = std::move(used);
  claim.stated = false;
}

}  // namespace sekisho::keeper
