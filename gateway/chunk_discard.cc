#include "gateway/chunk_discard.h"

#include <algorithm>

#include "gateway/client_offer.h"

namespace sekisho {

Task<Result<void>> read_away(Conversation& conversation, std::uint64_t size,
                             const Snapshot& snapshot, const ListenerPlan& plan) {
  if (size / 2 > message_limit(snapshot, plan))
    co_return fail(ErrorKind::limit, "chunk is far over the size limit");
  const auto& timeouts = snapshot.settings.timeouts;
  const Deadline whole = Deadline::in(timeouts.data);
  while (size > 0) {
    auto bytes =
        co_await conversation.read_bytes(whole.or_sooner(Deadline::in(timeouts.data_block)));
    if (!bytes) co_return std::unexpected(std::move(bytes.error()));
    const auto mine = std::min<std::uint64_t>(size, bytes->size());
    conversation.unread(bytes->substr(static_cast<std::size_t>(mine)));
    size -= mine;
  }
  co_return Result<void>{};
}

}  // namespace sekisho
