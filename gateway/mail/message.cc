#include "gateway/mail/message.h"

#include <utility>

namespace sekisho::mail {
namespace {

// What the loop copies by itself: less than a round to another thread and back costs.
constexpr std::uint64_t kCopiedAtOnce = 64UL * 1024;

}  // namespace

Message::Message(Loop& loop, Offload& offload, const SpoolSettings& spool, const MimeLimits& mime,
                 CopyBudget* copies)
    : loop_(loop), offload_(offload), limits_(mime), copies_(copies), body_(loop, offload, spool) {}

Task<Result<std::shared_ptr<const SealedCopy>>> Message::sealed() const {
  if (sealed_) co_return sealed_;
  Result<CopyBudget::Share> share;
  if (copies_ != nullptr) share = copies_->take(size());
  if (!share) co_return std::unexpected(std::move(share.error()));
  Result<std::shared_ptr<const SealedCopy>> made;
  if (!body_.in_file() && size() <= kCopiedAtOnce) {
    made = seal(std::move(*share));
  } else {
    auto outcome = co_await offload_.run(loop_, [this, &share] { return seal(std::move(*share)); });
    made = outcome ? std::move(*outcome) : std::unexpected(std::move(outcome.error()));
  }
  if (made) sealed_ = *made;
  co_return made;
}

Result<std::shared_ptr<const SealedCopy>> Message::seal(CopyBudget::Share share) const {
  auto writer = SealedCopy::Writer::open();
  if (!writer) return std::unexpected(std::move(writer.error()));
  if (auto written = writer->append(header_section_); !written)
    return std::unexpected(std::move(written.error()));
  std::string block;
  for (std::uint64_t at = 0; at < body_.size(); at += block.size()) {
    if (auto read = body_.read_now(at, Spool::kBlock, block); !read)
      return std::unexpected(std::move(read.error()));
    if (auto written = writer->append(block); !written)
      return std::unexpected(std::move(written.error()));
  }
  return std::move(*writer).seal(std::move(share));
}

}  // namespace sekisho::mail
