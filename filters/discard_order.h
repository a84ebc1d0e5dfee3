// DiscardOrder: the administrator's order to drop a message of which the client is told that it was
// taken, the one 250 that no upstream stands behind (docs/guarantees.md). Only a ChainRun makes it,
// from the verdict of an enforcing filter whose configuration says that it may discard.
#pragma once

#include <string>
#include <utility>

namespace sekisho::filters {

class DiscardOrder {
 public:
  [[nodiscard]] const std::string& filter() const { return filter_; }
  [[nodiscard]] const std::string& why() const { return why_; }

 private:
  friend class ChainRun;
  DiscardOrder(std::string filter, std::string why)
      : filter_(std::move(filter)), why_(std::move(why)) {}

  std::string filter_;
  std::string why_;
};

}  // namespace sekisho::filters
