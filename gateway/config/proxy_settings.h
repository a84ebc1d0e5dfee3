// Whom a listener believes when it speaks for a client. Each must name its peers: the right to
// relay by address hangs on what they announce. A part of [listener.NAME].
#pragma once

#include <vector>

#include "gateway/base/ip.h"
#include "gateway/base/settings_visitor.h"

namespace sekisho::config {

struct ProxySettings {
  std::vector<Network> proxy_protocol;  // not empty: everybody must come through one of these
  std::vector<Network> xclient_from;
  bool xclient_login = false;

  void visit(SettingsVisitor& v);
};

}  // namespace sekisho::config
