// TextTable: many texts, each with a number. Open addressing over one arena of bytes: what is found
// is compared byte for byte, so there are no false hits; the hash is keyed, so that no list from
// elsewhere can be made of names that collide. Filled by one thread, then any thread asks it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace sekisho::rules::lists {

inline constexpr std::uint32_t kNone = 0xffff'ffffU;

class TextTable {
 public:
  // The number of the text: `id`, or what it has already.
  std::uint32_t add(std::string_view text, std::uint32_t id);
  [[nodiscard]] std::uint32_t find(std::string_view text) const;  // kNone: not there
  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] std::size_t longest() const { return longest_; }
  [[nodiscard]] std::size_t bytes() const;  // of memory
  void finish();                            // gives back what it holds in reserve
  // Calls take(text) for each, in the order in which they came.
  void each(const auto& take) const {
    for (std::size_t at = 0; at < arena_.size();) {
      const auto text = text_at(at);
      take(text);
      at = static_cast<std::size_t>(text.data() - arena_.data()) + text.size();
    }
  }

 private:
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t place = kNone;  // in the arena
  };
  [[nodiscard]] std::string_view text_at(std::size_t place) const;
  [[nodiscard]] std::uint32_t id_at(std::size_t place) const;
  void grow();

  std::vector<char> arena_;  // id, length, text; one behind the other
  std::vector<Slot> slots_;  // a power of two
  std::size_t count_ = 0;
  std::size_t longest_ = 0;
};

}  // namespace sekisho::rules::lists
