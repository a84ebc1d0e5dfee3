#include "rules/lists/network_table.h"

#include <algorithm>
#include <tuple>

namespace sekisho::rules::lists {
namespace {

template <class Key>
Key number_of(const IpAddress& address) {
  Key key = 0;
  for (std::size_t i = 0; i < sizeof(Key); ++i) key = (key << 8U) | address.bytes()[i];
  return key;
}

}  // namespace

template <class Key>
Key RangeTable<Key>::last_of(const Net& net) {
  const Key all = static_cast<Key>(~Key{0});
  return net.prefix == kBits ? net.first : net.first | (all >> static_cast<unsigned>(net.prefix));
}

template <class Key>
void RangeTable<Key>::begin_range(Key first, std::uint32_t inner) {
  if (!starts_.empty() && starts_.back() == first) {
    inner_.back() = inner;
    return;
  }
  starts_.push_back(first);
  inner_.push_back(inner);
}

template <class Key>
void RangeTable<Key>::finish() {
  std::ranges::sort(nets_, {},
                    [](const Net& net) { return std::tuple(net.first, net.prefix, net.id); });
  const auto twice = std::ranges::unique(
      nets_, {}, [](const Net& net) { return std::tuple(net.first, net.prefix); });
  nets_.erase(twice.begin(), twice.end());
  nets_.shrink_to_fit();
  starts_.clear();
  inner_.clear();
  begin_range(0, kNone);
  std::vector<std::uint32_t> open;  // the networks around the place, the innermost last
  // Ends those that end before `place`; at the very end of all addresses nothing begins.
  const auto close_before = [&](const Key* place) {
    while (!open.empty()) {
      const Key last = last_of(nets_[open.back()]);
      if (place != nullptr && last >= *place) return;
      open.pop_back();
      const Key next = last + 1;
      if (next != 0) begin_range(next, open.empty() ? kNone : open.back());
    }
  };
  for (std::uint32_t i = 0; i < nets_.size(); ++i) {
    close_before(&nets_[i].first);
    nets_[i].around = open.empty() ? kNone : open.back();
    begin_range(nets_[i].first, i);
    open.push_back(i);
  }
  close_before(nullptr);
  starts_.shrink_to_fit();
  inner_.shrink_to_fit();
  top_.clear();
  if (starts_.size() < 4096) return;
  // top_[x]: the first range that begins at x·2^n or behind it.
  top_.reserve((1U << kTopBits) + 1);
  std::uint32_t at = 0;
  for (std::uint32_t x = 0; x < (1U << kTopBits); ++x) {
    while (at < starts_.size() && (starts_[at] >> (kBits - kTopBits)) < x) ++at;
    top_.push_back(at);
  }
  top_.push_back(static_cast<std::uint32_t>(starts_.size()));
}

template <class Key>
std::uint32_t RangeTable<Key>::find(Key first, int prefix) const {
  if (nets_.empty()) return kNone;
  auto from = starts_.begin();
  auto to = starts_.end();
  if (!top_.empty()) {
    const auto x = static_cast<std::size_t>(first >> (kBits - kTopBits));
    to = starts_.begin() + top_[x + 1];
    from = starts_.begin() + top_[x];
  }
  // The range that holds it may begin before `from`: then it is the one in front of it.
  const auto behind = std::upper_bound(from, to, first);
  auto net = inner_[static_cast<std::size_t>(behind - starts_.begin()) - 1];
  while (net != kNone && nets_[net].prefix > prefix) net = nets_[net].around;
  return net == kNone ? kNone : nets_[net].id;
}

template <class Key>
std::size_t RangeTable<Key>::bytes() const {
  return nets_.capacity() * sizeof(Net) + starts_.capacity() * sizeof(Key) +
         (inner_.capacity() + top_.capacity()) * sizeof(std::uint32_t);
}

void NetworkTable::add(const Network& network, std::uint32_t id) {
  const auto& address = network.address();
  if (address.is_v4()) {
    v4_.add(number_of<std::uint32_t>(address), network.prefix(), id);
  } else {
    v6_.add(number_of<Wide>(address), network.prefix(), id);
  }
}

void NetworkTable::finish() {
  v4_.finish();
  v6_.finish();
}

std::size_t NetworkTable::bytes() const { return v4_.bytes() + v6_.bytes(); }

std::uint32_t NetworkTable::find(const IpAddress& address, int prefix) const {
  if (address.is_v4()) return v4_.find(number_of<std::uint32_t>(address), prefix);
  return v6_.find(number_of<Wide>(address), prefix);
}

std::uint32_t NetworkTable::find(const IpAddress& address) const {
  return find(address, address.bits());
}

std::uint32_t NetworkTable::find(const Network& network) const {
  return find(network.address(), network.prefix());
}

}  // namespace sekisho::rules::lists
