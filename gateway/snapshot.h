// Snapshot: one configuration, made ready to serve: settings, gate, authenticator, TLS context,
// upstreams, and a chain for each listener. Immutable; sessions keep the one they began with, a
// reload builds the next aside and swaps it in whole, or not at all.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "filters/chain.h"
#include "gateway/auth/authenticator.h"
#include "gateway/config/settings.h"
#include "gateway/device_rules.h"
#include "gateway/mail/spool.h"
#include "gateway/net/tls_context.h"
#include "gateway/relay/relay_gate.h"
#include "gateway/sender/ownership.h"
#include "gateway/smtp/dialog.h"
#include "gateway/smtp/dot_codec.h"
#include "gateway/upstream/pool.h"
#include "gateway/upstream/recipient_cache.h"
#include "gateway/upstream/routes.h"

namespace sekisho {

struct ListenerPlan {
  std::string name;
  config::ListenerSettings settings;
  relay::RelayPolicy relay;
  smtp::DialogRules dialog;
  std::shared_ptr<const filters::Chain> chain;
  std::shared_ptr<const TlsContext> tls;       // null: no STARTTLS
  std::shared_ptr<const DeviceRules> devices;  // null: not the profile legacy
  UnixSocketRights socket_rights;              // of a Unix socket
  // [limits], or what is less of them here.
  std::uint64_t max_message_size = 0;
  std::int64_t max_recipients = 0;
  std::int64_t max_connections_per_client = 0;
  smtp::DotDecoder::BareLf bare_lf = smtp::DotDecoder::BareLf::refuse;

  // Who may relay by address, where it isn't relay.networks that says so.
  [[nodiscard]] const NetworkSet* networks() const {
    return devices ? &devices->clients() : nullptr;
  }
};

struct Snapshot {
  config::Settings settings;
  std::shared_ptr<const relay::RelayGate> gate;
  std::shared_ptr<const sender::SenderOwnership> senders;
  std::shared_ptr<auth::Authenticator> authenticator;  // null: nobody can log in
  std::shared_ptr<TlsCertificates> certificates;       // null: no STARTTLS
  std::shared_ptr<TicketKeys> tickets;                 // null: no TLS session is resumed
  upstream::Upstreams upstreams;
  std::shared_ptr<const upstream::Routes> routes;
  std::shared_ptr<upstream::RecipientCache> recipients;  // null: none is remembered
  std::map<std::string, filters::Link> filters;          // by the name of [filter.NAME]
  std::map<std::string, std::shared_ptr<const ListenerPlan>> listeners;
  mail::SpoolSettings spool;
  std::string loop_token;  // in our Received fields; the same after a restart

  // `previous` lends what should outlive a reload: breakers, counters, known log-ins, domains.
  // `capture` is the address of the embedded inbox, the upstream when the settings name none. Makes
  // the spool's folder, reads files and may hash: not on a loop that serves sessions.
  static Result<std::shared_ptr<const Snapshot>> build(config::Settings settings,
                                                       const Snapshot* previous,
                                                       const Endpoint* capture);
};

}  // namespace sekisho
