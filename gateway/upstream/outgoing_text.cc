#include "gateway/upstream/outgoing_text.h"

#include <utility>

namespace sekisho::upstream {
namespace {

// An encoded block is a third larger where every line is a dot.
constexpr std::size_t kBlockBytes = 64UL * 1024;
// Larger, since each chunk waits for a reply.
constexpr std::size_t kChunkBytes = 256UL * 1024;

}  // namespace

bool OutgoingText::full() const {
  return !taken_ && gathered_.size() >= (in_chunks() ? kChunkBytes : kBlockBytes);
}

void OutgoingText::feed(std::string_view& bytes) {
  if (std::exchange(taken_, false)) gathered_.clear();
  if (full()) return;
  const std::size_t room = (in_chunks() ? kChunkBytes : kBlockBytes) - gathered_.size();
  const std::string_view slice = bytes.substr(0, room);
  if (in_chunks())
    gathered_ += slice;
  else
    encoder_.feed(slice, gathered_);
  bytes.remove_prefix(slice.size());
}

std::string_view OutgoingText::take_block() { return take("\r\n"); }

std::string_view OutgoingText::take_last() {
  if (std::exchange(taken_, false)) gathered_.clear();
  if (!in_chunks()) encoder_.finish(gathered_);
  return take(" LAST\r\n");
}

std::string_view OutgoingText::take(std::string_view end_of_bdat) {
  if (in_chunks())
    gathered_.insert(0, "BDAT " + std::to_string(gathered_.size()).append(end_of_bdat));
  taken_ = true;
  return gathered_;
}

}  // namespace sekisho::upstream
