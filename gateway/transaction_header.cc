// What goes up above the body: the edits, what signs it, our Received.
#include <fmt/format.h>

#include "gateway/authentication_field.h"
#include "gateway/mail/received.h"
#include "gateway/text_adding.h"
#include "gateway/transaction.h"

namespace sekisho {

using filters::Stage;

namespace {

constexpr const char* kQuarantineField = "X-Sekisho-Quarantine";

}  // namespace

// The header section with every edit. Our own Received comes above it when the message goes up.
std::string Transaction::edited_header_section() {
  const std::string& section = message_.header_section();
  const mail::Headers headers = message_.headers();
  const std::size_t head = headers.size();
  // Only our own filters mark a message: a mark that it came with is none.
  if (headers.find(kQuarantineField) != nullptr) edits_.remove(kQuarantineField);
  edit_authentication_results({.snapshot = session_.snapshot,
                               .plan = session_.plan,
                               .peer = session_.peer,
                               .found = authentication_},
                              headers, edits_);
  if (session_.plan.devices)
    session_.plan.devices->edit(
        headers, edits_, fmt::format("<{}@{}>", envelope_.id, session_.snapshot.settings.hostname),
        std::chrono::system_clock::now());
  if (!quarantine_why_.empty()) edits_.add(kQuarantineField, quarantine_why_);
  std::string out = edits_.empty() ? section.substr(0, head)
                                   : edits_.apply(std::string_view(section).substr(0, head));
  return out.append(section, head);
}

Task<void> Transaction::prepare_to_send() {
  if (!texts_.empty()) {
    const auto added = co_await add_texts(message_, texts_, edits_, session_.snapshot.spool,
                                          session_.services, session_.cancel, envelope_.id);
    if (!added) {
      refuse(Decider::gateway, smtp::Reply::of(451, "4.3.0", "temporary problem, try again later"),
             "a text could not be added: " + added.error().text);
      co_return;
    }
  }
  outgoing_.header_section = edited_header_section();
  if (!session_.plan.chain->wants(Stage::sign)) co_return;
  outgoing_.sender_is_foreign = sender_check().is_foreign(outgoing_.header_section);
  co_await check_message(Stage::sign);
}

std::string Transaction::outgoing_header_section() const {
  std::string out;
  for (const std::string& field : outgoing_.on_top) out.insert(0, field);
  out += mail::received_field(session_.peer, envelope_,
                              {.hostname = session_.snapshot.settings.hostname,
                               .hide_client = trace_.hide_client,
                               .loop_token = session_.snapshot.loop_token},
                              std::chrono::system_clock::now());
  return out += outgoing_.header_section;
}

}  // namespace sekisho
