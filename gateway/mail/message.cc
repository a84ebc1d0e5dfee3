#include "gateway/mail/message.h"

#include <utility>

namespace sekisho::mail {

Message::Message(Loop& loop, Offload& offload, const SpoolSettings& spool, const MimeLimits& mime)
    : loop_(loop), offload_(offload), limits_(mime), body_(loop, offload, spool) {}

Task<Result<const MimeView*>> Message::mime() const {
  if (!mime_) {
    auto outcome = co_await offload_.run(loop_, [this] {
      const std::uint64_t head = header_section_.size();
      return MimeView::parse(
          [this, head](std::uint64_t offset, std::size_t max, std::string& out) -> Result<void> {
            if (offset >= head) return body_.read_now(offset - head, max, out);
            out.assign(header_section_, static_cast<std::size_t>(offset), max);
            return {};
          },
          limits_);
    });
    if (!outcome) co_return std::unexpected(outcome.error());
    if (!*outcome) co_return std::unexpected((*outcome).error());
    mime_ = std::make_unique<MimeView>(std::move(**outcome));
  }
  co_return mime_.get();
}

}  // namespace sekisho::mail
