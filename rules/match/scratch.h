// Scratch: the memory that matching needs besides text and patterns. One for each thread, for any
// number of pattern sets; it grows to what the largest needs. Not shared, not copied.
#pragma once

#include <memory>

namespace sekisho::rules::match {

class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(Scratch&&) noexcept;
  Scratch& operator=(Scratch&&) noexcept;

  struct Parts;  // scratch_parts.h, for this folder
  [[nodiscard]] Parts& parts() { return *parts_; }

 private:
  std::unique_ptr<Parts> parts_;
};

}  // namespace sekisho::rules::match
