// [dns]: whom to ask, and how long. A value.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "gateway/base/settings_visitor.h"

namespace sekisho::dns {

struct DnsSettings {
  std::vector<std::string> servers;  // "192.0.2.53", "[2001:db8::53]:5353"; empty: resolv.conf
  bool from_root = false;            // iterate from the root servers: ask nobody's resolver
  bool dnssec = false;
  std::filesystem::path trust_anchor{"/usr/share/dns/root.key"};
  std::chrono::milliseconds timeout{3000};

  void visit(SettingsVisitor& v);
  bool operator==(const DnsSettings&) const = default;
};

}  // namespace sekisho::dns
