#include "gateway/upstream/upstream.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "gateway/base/file_watch.h"

namespace sekisho::upstream {

Result<std::shared_ptr<Upstream>> Upstream::make(
    std::string name, const UpstreamSettings& settings, const std::string& hostname,
    const std::vector<std::shared_ptr<Upstream>>& previous) {
  std::string authorities;
  if (!settings.tls_ca_file.empty()) authorities = file_stamp(settings.tls_ca_file);
  for (const auto& known : previous)
    if (known->name == name && known->settings == settings && known->hostname == hostname &&
        known->authorities == authorities && is_final_stamp(authorities)) {
      known->logins->forget();
      return known;
    }

  auto upstream = std::make_shared<Upstream>(settings);
  upstream->name = std::move(name);
  upstream->hostname = hostname;
  upstream->authorities = std::move(authorities);
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

Result<Upstreams> make_upstreams(const std::map<std::string, UpstreamSettings>& settings,
                                 const std::string& hostname, const Upstreams& previous) {
  Upstreams all;
  for (const auto& [name, one] : settings) {
    auto made = Upstream::make(name, one, hostname, previous);
    if (!made) return std::unexpected(std::move(made.error()));
    all.push_back(std::move(*made));
  }
  std::ranges::sort(all, {},
                    [](const auto& u) { return std::pair(u->settings.priority, u->name); });
  return all;
}

}  // namespace sekisho::upstream
