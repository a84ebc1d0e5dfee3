// Who may connect to a listener that is a Unix socket, where no address says who it is: whom the
// system lets write to the socket's file. A part of [listener.NAME].
#pragma once

#include <string>
#include <string_view>

#include "gateway/base/settings_visitor.h"
#include "gateway/net/unix_listen.h"

namespace sekisho::config {

struct UnixSocketSettings {
  std::string mode = "0660";  // octal
  std::string group;          // by name; empty: the gateway's

  // `address` is the listener's.
  void visit(SettingsVisitor& v, std::string_view address);
  // Looks the group up: not on a loop. The error says that there is none.
  [[nodiscard]] Result<UnixSocketRights> rights() const;
};

}  // namespace sekisho::config
