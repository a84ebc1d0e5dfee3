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
      const auto look = known->look_at_certificates();
      if (!look.refused.empty())
        return fail(ErrorKind::invalid,
                    fmt::format("upstream {}: {}", known->name, look.refused.front()));
      known->logins->forget();
      return known;
    }

  auto upstream = std::make_shared<Upstream>(settings);
  upstream->name = std::move(name);
  upstream->hostname = hostname;
  upstream->authorities = std::move(authorities);
  upstream->breaker = std::make_shared<Breaker>(settings.breaker_failures, settings.breaker_pause);
  if (settings.tls != TlsMode::never) {
    auto tls = upstream->make_tls();
    if (!tls)
      return fail(tls.error().kind,
                  fmt::format("upstream {}: {}", upstream->name, tls.error().text));
  }
  return upstream;
}

Result<void> Upstream::make_tls() {
  TlsClient client;
  if (!settings.tls_fingerprints.empty()) {
    auto pinned = ByFingerprint::parse(settings.tls_fingerprints);
    if (!pinned) return std::unexpected(std::move(pinned.error()));
    client.verification = std::move(*pinned);
  } else if (verifies(settings.tls)) {
    client.verification = ByAuthorities{settings.tls_ca_file};
  }
  if (!settings.tls_certificate.empty()) {
    auto opened = TlsCertificates::open({.pairs = {{settings.tls_certificate, settings.tls_key}}});
    if (!opened) return std::unexpected(std::move(opened.error()));
    client.certificates = certificates = std::move(*opened);
  }
  auto made = TlsContext::client(std::move(client));
  if (!made) return std::unexpected(std::move(made.error()));
  tls = std::move(*made);
  return {};
}

TlsCertificates::Look Upstream::look_at_certificates() const {
  if (!certificates) return {};
  auto look = certificates->look_for_changes();
  // What the upstream granted to the old one is not for the new one to resume.
  if (!look.changed.empty()) tls->sessions()->clear();
  return look;
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
