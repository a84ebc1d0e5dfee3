// SenderOwnership: may this user send as this address? From the login itself, the settings, and the
// map file, which is read again when it changes. Immutable but for the map's content; any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/base/error.h"
#include "gateway/sender/sender_map.h"
#include "gateway/sender/sender_settings.h"

namespace sekisho::sender {

class SenderOwnership {
 public:
  // The error of a map file that can't be read or is wrong names file:line:column.
  static Result<std::shared_ptr<const SenderOwnership>> create(const SenderSettings& settings);

  // Is anything known of what this user owns? Without a map, and with a login that is no address,
  // there is nothing to hold an address against.
  [[nodiscard]] bool knows(std::string_view user) const;

  // `why` is for administrators: what gives the address, or what there is instead.
  struct Answer {
    bool owned = false;
    std::string why;
  };
  [[nodiscard]] Answer ask(std::string_view user, const smtp::Mailbox& address) const;
  [[nodiscard]] bool owns(std::string_view user, const smtp::Mailbox& address) const {
    return ask(user, address).owned;
  }
  // What `rewrite` puts in place of another's address: the user's first in the map, else the
  // login's. Nothing when the user has none, or one that only SMTPUTF8 carries.
  [[nodiscard]] std::optional<smtp::Mailbox> own_address(std::string_view user) const;

  [[nodiscard]] const SenderSettings& settings() const { return settings_; }
  // Reads the disk: call it on the Offload pool.
  Result<bool> reload_if_changed() const;

 private:
  SenderOwnership(SenderSettings settings, std::shared_ptr<SenderMapFile> file)
      : settings_(std::move(settings)), file_(std::move(file)) {}
  // The addresses that the login itself gives.
  [[nodiscard]] OwnedAddresses by_login(std::string_view user) const;

  SenderSettings settings_;
  std::shared_ptr<SenderMapFile> file_;  // null: no map
};

}  // namespace sekisho::sender
