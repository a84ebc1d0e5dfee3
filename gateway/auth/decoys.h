// Decoys: the secret that a password for an unknown user is checked against, so that the answer
// comes as late as for a known one. Each unknown name draws one of the real secrets, always the
// same one, by a keyed hash of the name: where the file mixes cheap and costly methods, unknown
// names show the same mixture. What the check says is thrown away. Immutable; any thread.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/auth/users_text.h"

namespace sekisho::auth {

class Decoys {
 public:
  using Key = std::array<unsigned char, 32>;
  static Key random_key();

  Decoys(std::shared_ptr<const Users> users, const Key& key);
  [[nodiscard]] const std::string& for_name(std::string_view name) const;

 private:
  std::shared_ptr<const Users> users_;
  std::vector<const std::string*> secrets_;  // into users_; those that can be checked
  Key key_;
};

}  // namespace sekisho::auth
