// Upstream: one configured upstream with the state that all threads share. Made once per snapshot,
// outlives it while a connection is open; a reload that changes neither it nor its file of
// authorities nor our own name keeps the object, and with it breaker, count and pooled connections;
// but a secret that was refused may be tried again. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/error.h"
#include "gateway/net/tls_context.h"
#include "gateway/upstream/breaker.h"
#include "gateway/upstream/check_state.h"
#include "gateway/upstream/login_memory.h"
#include "gateway/upstream/offer.h"
#include "gateway/upstream/settings.h"

namespace sekisho::upstream {

struct Upstream {
  explicit Upstream(const UpstreamSettings& with = {}) : settings(with), checks(with) {}

  std::string name;
  UpstreamSettings settings;
  std::string hostname;                           // ours, for EHLO
  std::string authorities;                        // the file_stamp() of settings.tls_ca_file
  std::shared_ptr<TlsCertificates> certificates;  // ours; null: none is set
  std::shared_ptr<const TlsContext> tls;          // null with TlsMode::never
  std::shared_ptr<Breaker> breaker;
  std::shared_ptr<LoginMemory> logins = std::make_shared<LoginMemory>();
  LastHello last_hello;
  CheckState checks;

  std::atomic<std::int64_t> connections{0};  // open or being opened, over all loops
  std::atomic<bool> wanted{false};  // a loop waits for a connection that another keeps idle
  std::atomic<bool> noted{false};   // the last connection had a note, and it was logged
  std::atomic<bool> xforward_refused{false};  // by the last connection, and it was logged

  // Reads our certificate again when its files have changed; connections from then on show the new
  // one. Reads files.
  TlsCertificates::Look look_at_certificates() const;

  // The one in `previous` where it is the same. Loads the authorities to verify against, so it
  // reads files. The error names the upstream.
  static Result<std::shared_ptr<Upstream>> make(
      std::string name, const UpstreamSettings& settings, const std::string& hostname,
      const std::vector<std::shared_ptr<Upstream>>& previous = {});

 private:
  Result<void> make_tls();
};

using Upstreams = std::vector<std::shared_ptr<Upstream>>;  // by priority

// All that are configured, by priority and name; like make().
Result<Upstreams> make_upstreams(const std::map<std::string, UpstreamSettings>& settings,
                                 const std::string& hostname, const Upstreams& previous = {});

// What all of them have that are not skipped; all of them, when every one is.
Offer offer_of(const Upstreams& upstreams);

}  // namespace sekisho::upstream
