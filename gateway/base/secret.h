// Secret: bytes that must not leak (passwords, keys). Does not print, does not compare in variable
// time, wipes itself. Owned by value, move-only so that copies are visible in the code.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sekisho {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view bytes);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  // The bytes, for the one call that needs them; a NUL follows them, for C interfaces. The view
  // dies with the Secret.
  [[nodiscard]] std::string_view reveal() const {
    return bytes_ == nullptr ? std::string_view("") : std::string_view(bytes_, size_);
  }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] Secret clone() const { return Secret(reveal()); }

 private:
  char* bytes_ = nullptr;  // owned; nullptr when empty
  std::size_t size_ = 0;
};

// Overwrites bytes that held a secret in a place that isn't a Secret (a line buffer).
void wipe(char* bytes, std::size_t size);
void wipe(std::string& bytes);

// Equality in time that depends on the lengths alone.
[[nodiscard]] bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace sekisho
