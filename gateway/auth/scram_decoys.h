// ScramDecoys: the SCRAM secret that an unknown user seems to have. Its salt must look like a real
// one's for as long as anybody watches: the same at each question, after a restart, and on another
// gateway with the same users file. So it comes from a few real secrets, picked by the name (as on
// a consistent-hashing ring): it changes about as often as a real one, when a password does, and
// nobody can compute it who doesn't have those users' secrets. Immutable; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/auth/scram_secret.h"
#include "gateway/auth/users_text.h"

namespace sekisho::auth {

class ScramDecoys {
 public:
  explicit ScramDecoys(const Users& users);
  // Nobody has a SCRAM secret.
  [[nodiscard]] bool empty() const { return ring_.empty(); }
  // No password fits it. Not for an empty ring.
  [[nodiscard]] ScramSecret for_name(std::string_view name) const;

 private:
  struct Place {
    std::uint64_t position = 0;
    ScramSecret secret;
  };
  std::vector<Place> ring_;  // by position
};

}  // namespace sekisho::auth
