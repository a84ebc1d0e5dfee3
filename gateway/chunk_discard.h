// read_away(): the bytes of a chunk that is refused before it begins (BDAT without recipients,
// before a log-in, after nothing at all): they are read, for what they are is text and never
// commands, and forgotten. The lengths are the client's word, so there is an end to it.
#pragma once

#include <cstdint>

#include "gateway/conversation.h"
#include "gateway/snapshot.h"

namespace sekisho {

// ErrorKind::limit, before a byte is read, where the chunk is far larger than any message may be;
// what follows can't be obeyed then, so the session must end. Times out as DATA does.
Task<Result<void>> read_away(Conversation& conversation, std::uint64_t size,
                             const Snapshot& snapshot, const ListenerPlan& plan);

}  // namespace sekisho
