#include "gateway/upstream/upstream.h"

#include <utility>

#include <fmt/format.h>

namespace sekisho::upstream {

Result<std::shared_ptr<Upstream>> Upstream::make(std::string name,
                                                 const UpstreamSettings& settings) {
  auto upstream = std::make_shared<Upstream>();
  upstream->name = std::move(name);
  upstream->settings = settings;
  upstream->breaker = std::make_shared<Breaker>(settings.breaker_failures, settings.breaker_pause);
  if (settings.tls != TlsMode::never) {
    auto tls = TlsContext::client(verifies(settings.tls), settings.tls_ca_file);
    if (!tls)
      return fail(tls.error().kind,
                  fmt::format("upstream {}: {}", upstream->name, tls.error().text));
    upstream->tls = std::move(*tls);
  }
  return upstream;
}

}  // namespace sekisho::upstream
