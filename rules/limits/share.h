// The share of refused in all, over a time: two windows that take turns. What counts is the window
// under way, and of the one before it as much as still lies within the time. Pure; the caller holds
// the lock.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace sekisho::rules::limits {

class Share {
 public:
  struct Reading {
    std::uint64_t total = 0;  // rounded down
    std::uint64_t refused = 0;
    std::optional<double> percent;  // none where there are none
  };

  void add(std::chrono::nanoseconds period, std::uint64_t total, std::uint64_t refused,
           std::uint64_t now);
  [[nodiscard]] Reading read(std::chrono::nanoseconds period, std::uint64_t now) const;
  [[nodiscard]] bool is_empty(std::chrono::nanoseconds period, std::uint64_t now) const;

  // As it is kept: `windows` earlier than what would be now.
  struct Kept {
    std::uint64_t windows = 0;
    std::uint32_t total = 0;
    std::uint32_t refused = 0;
    std::uint32_t total_before = 0;
    std::uint32_t refused_before = 0;
  };
  [[nodiscard]] Kept keep(std::chrono::nanoseconds period, std::uint64_t now) const;
  static Share of(const Kept& kept, std::chrono::nanoseconds period, std::uint64_t now);

 private:
  void turn_to(std::uint64_t window);

  std::uint64_t window_ = 0;
  std::uint32_t total_ = 0;
  std::uint32_t refused_ = 0;
  std::uint32_t total_before_ = 0;
  std::uint32_t refused_before_ = 0;
};

}  // namespace sekisho::rules::limits
