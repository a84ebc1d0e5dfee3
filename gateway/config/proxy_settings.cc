#include "gateway/config/proxy_settings.h"

#include <fmt/format.h>

#include "gateway/relay/trusted_network.h"

namespace sekisho::config {
namespace {

// A peer that is believed can name any address, one in relay.networks too. That the addresses are
// public is no objection here: a provider's load balancer may have such ones.
void check_peers(SettingsVisitor& v, std::string_view key, const std::vector<Network>& peers) {
  for (const Network& peer : peers) {
    const auto objection = relay::object_to_network(peer, true);
    if (!objection) continue;
    v.error(key, fmt::format("\"{}\" can't be believed about its clients: too many strangers could "
                             "come from there and name any address; name single hosts",
                             peer.to_string()));
  }
}

}  // namespace

void ProxySettings::visit(SettingsVisitor& v) {
  v.field("proxy_protocol", proxy_protocol,
          "Proxies in front of this listener, for example [\"192.0.2.10\"]. A connection from one "
          "of them must begin with a PROXY header (version 1 or 2), whose client is the client "
          "from then on; all other connections are closed. What a proxy names is believed: let "
          "nothing else connect from its address.");
  v.field(
      "xclient_from", xclient_from,
      "Servers that may tell by XCLIENT whom they speak for, for example [\"192.0.2.10\"]. They "
      "are offered it in EHLO, everybody else is refused. What they tell is believed.");
  v.field("xclient_login", xclient_login,
          "Whether the LOGIN that a server of xclient_from names counts as logged in, as if the "
          "password had been checked here; for proxies that check it themselves.");
  check_peers(v, "proxy_protocol", proxy_protocol);
  check_peers(v, "xclient_from", xclient_from);
  if (xclient_login && xclient_from.empty())
    v.error("xclient_login", "has no effect without xclient_from");
}

}  // namespace sekisho::config
