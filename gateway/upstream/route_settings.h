// [route.NAME]: which mail goes to which upstreams. Plain values, checked when read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/settings_visitor.h"

namespace sekisho::upstream {

struct RouteSettings {
  std::int64_t order = 100;  // lower is asked first; equal ones by name
  std::vector<std::string> listeners;
  std::vector<std::string> users;
  std::vector<std::string> senders;
  std::vector<std::string> recipient_domains;
  std::filesystem::path recipient_domains_file;
  std::vector<std::string> upstreams;

  void visit(SettingsVisitor& v);
  bool operator==(const RouteSettings&) const = default;

  [[nodiscard]] bool has_recipients() const {
    return !recipient_domains.empty() || !recipient_domains_file.empty();
  }
  // Takes all mail, as a last route does.
  [[nodiscard]] bool unconditional() const {
    return listeners.empty() && users.empty() && senders.empty() && !has_recipients();
  }
  // Is there no mail of `later` that this route would leave to it? As far as the settings tell.
  [[nodiscard]] bool covers(const RouteSettings& later) const;
};

using RouteTable = std::map<std::string, RouteSettings>;
// The names, in the order in which the routes are asked.
std::vector<std::string> in_order(const RouteTable& routes);

// Does `pattern` ("example.com", "*.example.com") take `name` (a domain, or such a pattern)?
bool domain_covers(std::string_view pattern, std::string_view name);

}  // namespace sekisho::upstream
