// Which name servers a command asks.
#pragma once

#include <filesystem>
#include <string>

#include "gateway/base/error.h"
#include "gateway/dns/dns_settings.h"

namespace sekisho::cli {

// What the command line says (`server`, of --dns), else [dns] of the configuration, else the
// system's.
Result<dns::DnsSettings> dns_choice(const std::string& server,
                                    const std::filesystem::path& config_file);

}  // namespace sekisho::cli
