// MetricsPage: GET /metrics over HTTP (libevent's evhttp), for Prometheus. Meant for loopback or a
// management network: no TLS, no log-in. Lives on the main loop.
#pragma once

#include <memory>

#include "gateway/async/loop.h"
#include "gateway/base/descriptor.h"
#include "gateway/base/ip.h"
#include "gateway/base/metrics.h"

namespace sekisho {

class MetricsPage {
 public:
  // `socket` listens already.
  static Result<std::unique_ptr<MetricsPage>> open(Loop& loop, Descriptor socket,
                                                   const Metrics& metrics);
  ~MetricsPage();
  MetricsPage(const MetricsPage&) = delete;
  MetricsPage& operator=(const MetricsPage&) = delete;

  [[nodiscard]] Endpoint address() const;

 private:
  struct Impl;
  explicit MetricsPage(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sekisho
