// Guard: which accelerators this process still trusts. One that lost a match that PCRE2 finds is
// switched off for good, in every set that shares the guard, and whoever is responsible is told.
// Thread-safe; lives as long as the process where it is of_process().
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "rules/match/accelerator.h"

namespace sekisho::rules::match {

struct Alarm {
  AcceleratorKind accelerator = AcceleratorKind::literals;
  std::string pattern;        // as it was written: encode it
  bool at_self_test = false;  // else by a recheck of a text
};

class Guard {
 public:
  using Listener = std::function<void(const Alarm&)>;

  explicit Guard(Listener listener = {}) : listener_(std::move(listener)) {}
  // What sets use that are given no other. Tell it who listens before the first set is built.
  static const std::shared_ptr<Guard>& of_process();

  // Called on whatever thread notices, once for each difference.
  void on_alarm(Listener listener);
  [[nodiscard]] bool trusts(AcceleratorKind kind) const;
  void differs(const Alarm& alarm);
  [[nodiscard]] std::uint64_t differences() const { return differences_; }

 private:
  std::array<std::atomic<bool>, 2> off_{};
  std::atomic<std::uint64_t> differences_ = 0;
  std::mutex mutex_;
  Listener listener_;
};

}  // namespace sekisho::rules::match
