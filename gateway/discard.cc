#include "gateway/discard.h"

#include <fmt/format.h>

#include "gateway/message_record.h"

namespace sekisho {

smtp::Reply discard_message(const filters::DiscardOrder& order, const mail::Peer& peer,
                            const mail::Envelope& envelope, SessionServices& services) {
  services.metrics
      .counter("messages_discarded_total",
               "Messages that a filter was told to drop; their clients read 250.",
               {{"filter", order.filter()}})
      .add();
  LogLine line("discarded", LogLevel::warning);
  line.src(peer.remote).add("id", envelope.id).add("listener", peer.listener);
  if (!peer.user.empty()) line.add("user", peer.user);
  line.add("from", fmt::format("<{}>", envelope.sender_text()));
  line.add("rcpt", recipients_text(envelope.recipients), kMaxRecipientsBytes);
  line.add("nrcpt", envelope.recipients.size());
  line.add("filter", order.filter()).add("why", order.why());
  services.log.write(line);
  return smtp::Reply::of(250, "2.0.0", fmt::format("taken as {}", envelope.id));
}

}  // namespace sekisho
