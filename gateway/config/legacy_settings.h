// What a listener with the profile "legacy" is told of its devices: printers, scanners, cameras
// that can do no better. Everything that is weak must be asked for. The table
// [listener.NAME.legacy].
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gateway/base/ip.h"
#include "gateway/base/settings_visitor.h"

namespace sekisho::config {

struct LegacySettings {
  std::vector<Network> clients;  // who may connect
  std::string sender;            // in whose name all of them send
  bool auth_without_tls = false;
  bool tls_1_0 = false;
  bool repair_bare_lf = false;
  Bytes max_message_size{25 * 1024 * 1024};
  std::int64_t max_recipients = 10;
  std::int64_t max_connections_per_client = 4;
  std::int64_t max_messages_per_hour = 60;  // of one client

  void visit(SettingsVisitor& v);
};

}  // namespace sekisho::config
