#include "gateway/dns/dns_settings.h"

#include "gateway/dns/server_address.h"

namespace sekisho::dns {

void DnsSettings::visit(SettingsVisitor& v) {
  v.field("servers", servers,
          "Name servers to ask: \"192.0.2.53\", \"[2001:db8::53]:5353\". Without any, those of "
          "/etc/resolv.conf. They should be near and trusted, best a resolver on this machine.");
  for (const std::string& server : servers) {
    if (!parse_server(server)) {
      v.error("servers", "\"" + server +
                             "\" is no address of a name server; write an IP address, with a port "
                             "if it isn't 53: \"192.0.2.53\", \"[2001:db8::53]:5353\"");
    }
  }
  v.field(
      "from_root", from_root,
      "Ask the servers of the root and downwards instead of another resolver: for machines that "
      "have none near. Block lists then see this machine's own address.");
  if (from_root && !servers.empty()) {
    v.error("from_root", "excludes `servers`: either ask those or start at the root");
  }
  v.field("dnssec", dnssec,
          "Validate answers by DNSSEC; a forged one then counts as no answer. Needs "
          "`trust_anchor`, and servers that pass on signatures.");
  v.field("trust_anchor", trust_anchor,
          "The root's key, for `dnssec`: a file as the Debian package dns-root-data has it.");
  v.field("timeout", timeout,
          "How long one look-up may take in all; then it counts as no answer for now.");
  if (timeout < std::chrono::milliseconds(100) || timeout > std::chrono::seconds(20)) {
    v.error("timeout", "must be between 100ms and 20s");
  }
}

}  // namespace sekisho::dns
