#include "gateway/snapshot_setups.h"

#include <utility>

namespace sekisho {
namespace {

void add_items(const Snapshot& snapshot, worker::Pool pool, bool needed,
               std::vector<worker::SetupItem>& out) {
  for (const auto& [name, link] : snapshot.filters)
    for (worker::SetupItem& item : link.filter->worker_setup(pool)) {
      item.needed = item.needed && needed;
      out.push_back(std::move(item));
    }
}

}  // namespace

Task<Result<void>> SnapshotSetups::prepare(worker::Workers& workers, Loop& loop,
                                           std::shared_ptr<const Snapshot> next,
                                           CancelSource& cancel) {
  std::erase_if(known_, [](const auto& one) { return one.expired(); });
  known_.push_back(next);
  for (const worker::Pool pool : {worker::Pool::signer, worker::Pool::inspect}) {
    std::vector<worker::SetupItem> items;
    for (const auto& one : known_)
      if (const auto snapshot = one.lock()) add_items(*snapshot, pool, snapshot == next, items);
    auto told = co_await workers.set_up(loop, pool, worker::encode_setup(std::move(items)), cancel);
    if (!told) co_return told;
  }
  co_return Result<void>{};
}

}  // namespace sekisho
