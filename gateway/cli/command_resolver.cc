#include "gateway/cli/command_resolver.h"

#include <utility>

#include "gateway/cli/dns_choice.h"

namespace sekisho::cli {

Result<std::unique_ptr<CommandResolver>> CommandResolver::open(
    const std::string& server, const std::filesystem::path& config_file) {
  const auto settings = dns_choice(server, config_file);
  if (!settings) return std::unexpected(settings.error());
  std::unique_ptr<CommandResolver> made(new CommandResolver());
  auto resolver = dns::Resolver::open(made->loop_, *settings, made->metrics_);
  if (!resolver) return std::unexpected(std::move(resolver.error()));
  made->resolver_ = std::move(*resolver);
  return made;
}

}  // namespace sekisho::cli
