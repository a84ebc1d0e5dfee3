#include "gateway/config/legacy_settings.h"

#include <fmt/format.h>

#include "gateway/relay/trusted_network.h"
#include "gateway/smtp/address.h"

namespace sekisho::config {
namespace {

constexpr std::int64_t kMany = 1'000'000;

}  // namespace

void LegacySettings::visit(SettingsVisitor& v) {
  v.field(
      "clients", clients,
      "The devices, for example [\"192.168.1.20\"]; private addresses alone. Nobody else is let "
      "in, and they may send to anybody; required.");
  v.field(
      "sender", sender,
      "The address in whose name all of them send, in MAIL and in From, for example "
      "\"scanner@example.com\"; what a device says itself is kept in X-Original-From; required.");
  v.field("auth_without_tls", auth_without_tls,
          "Whether devices may log in without TLS: passwords cross the network in clear text. "
          "Their right to send doesn't come from it, it is for devices that can't do without.");
  v.field("tls_1_0", tls_1_0,
          "Whether TLS 1.0 and 1.1 are taken here, with the broken algorithms that they need.");
  v.field(
      "repair_bare_lf", repair_bare_lf,
      "Whether a bare LF in a message is made a CRLF instead of being refused. Where the message "
      "ends is not changed by it.");
  v.field("max_message_size", max_message_size, "The largest message that is taken of a device.");
  v.field("max_recipients", max_recipients, "Recipients of one message.", 1, kMany);
  v.field("max_connections_per_client", max_connections_per_client,
          "Connections of one device at the same time.", 1, kMany);
  v.field("max_messages_per_hour", max_messages_per_hour, "Messages of one device in an hour.", 1,
          kMany);

  for (const Network& client : clients) {
    if (const auto objection = relay::object_to_network(client, true))
      v.error("clients", fmt::format("\"{}\": name the devices one by one", client.to_string()));
    else if (!client.is_private())
      v.error("clients", fmt::format("\"{}\" is not a private network: devices that send without a "
                                     "password must be on yours",
                                     client.to_string()));
  }
  if (v.is_set("sender") && !smtp::parse_mailbox(sender))
    v.error("sender", "must be one address, such as \"scanner@example.com\"");
}

}  // namespace sekisho::config
