// SenderPatterns: the senders that a route takes: addresses, domains, domains below one, the empty
// sender. Immutable, any thread. The case of a local part counts for nothing here: a route chosen
// by "Alice@…" must not be missed by "alice@…".
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "gateway/base/error.h"
#include "gateway/smtp/address.h"

namespace sekisho::upstream {

class SenderPatterns {
 public:
  // Why `entry` can't stand in a list of senders.
  static Result<void> check(std::string_view entry);
  // Entries that check() lets pass.
  explicit SenderPatterns(const std::vector<std::string>& entries);

  // `sender` null: the empty one.
  [[nodiscard]] bool contain(const smtp::Mailbox* sender) const;
  [[nodiscard]] bool empty() const { return entries_.empty(); }
  // Does `pattern` take every sender that `entry` takes?
  static bool covers(std::string_view pattern, std::string_view entry);

 private:
  std::unordered_set<std::string> entries_;  // lower case
};

}  // namespace sekisho::upstream
