// CopyBudget: how much memory sealed copies may have, all sessions together. A message that finds
// none left is deferred: its filters can't have it looked at. Owned by the Workers; it outlives the
// shares. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "gateway/base/error.h"
#include "gateway/base/metrics.h"

namespace sekisho::mail {

class CopyBudget {
 public:
  CopyBudget(std::uint64_t most, Gauge& held, Counter& refused)
      : most_(most), held_(held), refused_(refused) {}
  CopyBudget(const CopyBudget&) = delete;
  CopyBudget& operator=(const CopyBudget&) = delete;

  // Given back at its end.
  class Share {
   public:
    Share() = default;  // of nothing
    Share(Share&& other) noexcept
        : budget_(std::exchange(other.budget_, nullptr)), bytes_(other.bytes_) {}
    Share& operator=(Share&& other) noexcept {
      std::swap(budget_, other.budget_);
      std::swap(bytes_, other.bytes_);
      return *this;
    }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;
    ~Share() {
      if (budget_ != nullptr) budget_->give_back(bytes_);
    }

   private:
    friend class CopyBudget;
    Share(CopyBudget& budget, std::uint64_t bytes) : budget_(&budget), bytes_(bytes) {}
    CopyBudget* budget_ = nullptr;
    std::uint64_t bytes_ = 0;
  };

  // ErrorKind::limit: there is not so much left; counted.
  Result<Share> take(std::uint64_t bytes);

 private:
  void give_back(std::uint64_t bytes);

  const std::uint64_t most_;
  Gauge& held_;
  Counter& refused_;
  std::atomic<std::uint64_t> taken_ = 0;
};

}  // namespace sekisho::mail
