#include "gateway/cli/dns_choice.h"

#include <system_error>

#include "gateway/cli/loading.h"
#include "gateway/dns/server_address.h"

namespace sekisho::cli {

Result<dns::DnsSettings> dns_choice(const std::string& server,
                                    const std::filesystem::path& config_file) {
  dns::DnsSettings settings;
  if (!server.empty()) {
    if (!dns::parse_server(server)) {
      return fail(ErrorKind::invalid,
                  "--dns: '" + server + "' is no IP address with or without a port");
    }
    settings.servers = {server};
    return settings;
  }
  std::error_code unreadable;
  if (!std::filesystem::exists(config_file, unreadable)) return settings;
  const auto loaded = load_or_complain(config::load, config_file);
  if (!loaded) return fail(ErrorKind::invalid, "the configuration has mistakes");
  return loaded->settings.dns;
}

}  // namespace sekisho::cli
