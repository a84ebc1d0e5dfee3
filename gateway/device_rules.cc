#include "gateway/device_rules.h"

#include <utility>

namespace sekisho {
namespace {

constexpr Duration kHour = std::chrono::hours(1);
constexpr std::string_view kOriginalFrom = "X-Original-From";

}  // namespace

DeviceRules::DeviceRules(const config::LegacySettings& settings, smtp::Mailbox sender,
                         std::shared_ptr<Counts> counts)
    : clients_(settings.clients),
      sender_(std::move(sender)),
      max_messages_per_hour_(settings.max_messages_per_hour),
      counts_(std::move(counts)) {}

Result<std::shared_ptr<const DeviceRules>> DeviceRules::create(
    const config::LegacySettings& settings, const DeviceRules* previous) {
  if (settings.clients.empty()) return fail(ErrorKind::invalid, "profile legacy needs its clients");
  auto sender = smtp::parse_mailbox(settings.sender);
  if (!sender) return std::unexpected(std::move(sender.error()));
  auto counts = previous != nullptr ? previous->counts_ : std::make_shared<Counts>();
  return std::shared_ptr<const DeviceRules>(
      new DeviceRules(settings, std::move(*sender), std::move(counts)));
}

bool DeviceRules::take_message(const IpAddress& client, TimePoint now) const {
  const std::lock_guard lock(counts_->mutex);
  Hour& hour = counts_->of.try_emplace(client.client_key(), Hour{.began = now}).first->second;
  if (now - hour.began >= kHour) hour = {.began = now};
  if (hour.messages >= max_messages_per_hour_) return false;
  ++hour.messages;
  return true;
}

void DeviceRules::edit(const mail::Headers& headers, mail::HeaderEdits& edits,
                       std::string_view message_id, WallTime now) const {
  edits.remove(std::string(kOriginalFrom));
  for (const mail::HeaderField* from : {headers.find("From"), headers.find("Sender")})
    if (from != nullptr) edits.add(std::string(kOriginalFrom), mail::Headers::unfold(from->value));
  edits.remove("Sender");
  edits.replace("From", sender_.to_string());
  if (headers.find("Date") == nullptr) edits.add("Date", rfc5322_date(now));
  if (headers.find("Message-ID") == nullptr) edits.add("Message-ID", std::string(message_id));
}

}  // namespace sekisho
