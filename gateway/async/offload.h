// Offload: a bounded pool of threads for work that may wait (disk, name look-up) or that burns CPU
// for longer than a loop may stand still (password hashes, MIME parsing). run() resumes its awaiter
// on `loop`, which must be the loop it is awaited on. A full queue is ErrorKind::unavailable at
// once: callers answer 4xx. A job that throws throws at its awaiter. A running job can't be
// cancelled: it must be bounded by itself. Owned by the Server; the loops must outlive it.
#pragma once

#include <condition_variable>
#include <coroutine>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "gateway/async/loop.h"

namespace sekisho {

class Offload {
 public:
  Offload(std::size_t threads, std::size_t max_queued);
  ~Offload();  // runs what is queued, then joins
  Offload(const Offload&) = delete;
  Offload& operator=(const Offload&) = delete;

  // co_await offload.run(loop, [..] { return value; })  →  Result<value>
  template <class F>
  Task<Result<std::invoke_result_t<F>>> run(Loop& loop, F job);

 private:
  [[nodiscard]] bool submit(std::function<void()> job);
  void work();

  std::mutex mutex_;
  std::condition_variable more_;
  std::deque<std::function<void()>> queue_;  // guarded by mutex_
  bool stopping_ = false;                    // guarded by mutex_
  std::size_t max_queued_;
  std::vector<std::thread> threads_;
};

template <class F>
Task<Result<std::invoke_result_t<F>>> Offload::run(Loop& loop, F job) {
  using T = std::invoke_result_t<F>;
  struct Awaiter {
    Offload& pool;
    Loop& loop;
    F& job;
    std::conditional_t<std::is_void_v<T>, bool, std::optional<T>> result{};
    std::exception_ptr exception{};
    bool refused = false;

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> awaiter) {
      refused = !pool.submit([this, awaiter] {
        try {
          if constexpr (std::is_void_v<T>) {
            job();
            result = true;
          } else {
            result.emplace(job());
          }
        } catch (...) {
          exception = std::current_exception();
        }
        loop.post([awaiter] { awaiter.resume(); });
      });
      return !refused;
    }
    void await_resume() const noexcept {}
  };
  Awaiter awaiter{*this, loop, job};
  co_await awaiter;
  if (awaiter.refused) co_return fail(ErrorKind::unavailable, "all worker threads are busy");
  if (awaiter.exception) std::rethrow_exception(awaiter.exception);
  if constexpr (std::is_void_v<T>) {
    co_return Result<void>{};
  } else {
    co_return std::move(*awaiter.result);
  }
}

}  // namespace sekisho
