// DeviceRules: what holds for the devices of a listener with the profile "legacy": who they are, in
// whose name they send, and how many messages an hour each of them may. Part of a ListenerPlan; the
// counts outlive a reload. Any thread.
#pragma once

#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include "gateway/base/time.h"
#include "gateway/config/legacy_settings.h"
#include "gateway/mail/headers.h"
#include "gateway/smtp/address.h"

namespace sekisho {

class DeviceRules {
 public:
  // `previous` lends its counts. The error says what of the settings is wrong.
  static Result<std::shared_ptr<const DeviceRules>> create(const config::LegacySettings& settings,
                                                           const DeviceRules* previous);

  [[nodiscard]] const NetworkSet& clients() const { return clients_; }
  [[nodiscard]] const smtp::Mailbox& sender() const { return sender_; }
  // Counts one message of this client; false when it has had all of this hour.
  bool take_message(const IpAddress& client, TimePoint now) const;
  // The sender's address in From, what stood there before in X-Original-From; Date and Message-ID
  // where a device has none.
  void edit(const mail::Headers& headers, mail::HeaderEdits& edits, std::string_view message_id,
            WallTime now) const;

 private:
  struct Hour {
    TimePoint began{};
    std::int64_t messages = 0;
  };
  struct Counts {
    std::mutex mutex;
    std::unordered_map<IpAddress, Hour> of;  // guarded by mutex; as many as there are devices
  };
  DeviceRules(const config::LegacySettings& settings, smtp::Mailbox sender,
              std::shared_ptr<Counts> counts);

  NetworkSet clients_;
  smtp::Mailbox sender_;
  std::int64_t max_messages_per_hour_;
  std::shared_ptr<Counts> counts_;
};

}  // namespace sekisho
