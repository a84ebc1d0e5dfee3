// RunningHash: SHA-256 of bytes that go on, told at several places on the way; for what covers what
// was covered before (the seals of ARC), which hashed anew each time would grow with the square.
// Owned by whoever hashes; one thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace sekisho::dkim {

class RunningHash {
 public:
  RunningHash();
  ~RunningHash();
  RunningHash(const RunningHash&) = delete;
  RunningHash& operator=(const RunningHash&) = delete;

  void add(std::string_view bytes);
  // The 32 bytes of what was added and `last`, which is not added.
  [[nodiscard]] std::string digest_with(std::string_view last) const;

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

}  // namespace sekisho::dkim
