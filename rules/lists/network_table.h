// NetworkTable: many networks, each with a number; asked for the most specific one that holds an
// address or a whole network. A prefix trie laid flat: its leaves as sorted ranges that each name
// the innermost network, which names the one around it. That is a third of the memory of nodes and
// pointers, and a look-up touches a handful of lines of it. Filled, then finish(), then any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "gateway/base/ip.h"
#include "rules/lists/text_table.h"

namespace sekisho::rules::lists {

// One family. Key: an address as an unsigned number.
template <class Key>
class RangeTable {
 public:
  void add(Key first, int prefix, std::uint32_t id) { nets_.push_back({first, id, kNone, prefix}); }
  void finish();
  [[nodiscard]] std::uint32_t find(Key first, int prefix) const;
  [[nodiscard]] std::size_t size() const { return nets_.size(); }
  [[nodiscard]] std::size_t bytes() const;

 private:
  static constexpr int kBits = static_cast<int>(sizeof(Key)) * 8;
  static constexpr int kTopBits = 16;
  struct Net {
    Key first;
    std::uint32_t id;
    std::uint32_t around;  // index of the smallest network that holds it
    int prefix;
  };
  static Key last_of(const Net& net);
  void begin_range(Key first, std::uint32_t inner);

  std::vector<Net> nets_;
  std::vector<Key> starts_;           // each range ends where the next begins
  std::vector<std::uint32_t> inner_;  // of the range: index of a network, or kNone
  std::vector<std::uint32_t> top_;  // by the first 16 bits: where in starts_ to look; may be empty
};

class NetworkTable {
 public:
  void add(const Network& network, std::uint32_t id);
  void finish();
  // What is the same twice has the number of the first.
  [[nodiscard]] std::uint32_t find(const IpAddress& address) const;
  [[nodiscard]] std::uint32_t find(const Network& network) const;
  [[nodiscard]] std::size_t size() const { return v4_.size() + v6_.size(); }
  [[nodiscard]] std::size_t bytes() const;

 private:
  __extension__ using Wide = unsigned __int128;
  [[nodiscard]] std::uint32_t find(const IpAddress& address, int prefix) const;

  RangeTable<std::uint32_t> v4_;
  RangeTable<Wide> v6_;
};

}  // namespace sekisho::rules::lists
