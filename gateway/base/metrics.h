// Metrics: named counters and gauges, kept by prometheus-cpp's core and shown as Prometheus text.
// Thread-safe. A look-up by labels costs a lock: hot code keeps the Counter& it gets at start.
// Labels must come from a bounded set (a filter's name, a reply class), never from a client.
#pragma once

#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace sekisho {

class Counter {
 public:
  virtual ~Counter() = default;
  virtual void add(double amount = 1) = 0;
  [[nodiscard]] virtual double value() const = 0;
};

class Gauge {
 public:
  virtual ~Gauge() = default;
  virtual void add(double amount) = 0;
  virtual void set(double value) = 0;
  [[nodiscard]] virtual double value() const = 0;
};

class Metrics {
 public:
  using Labels = std::map<std::string, std::string>;

  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // `name` without the "sekisho_" prefix. The reference lives as long as the Metrics.
  Counter& counter(const std::string& name, const std::string& help, const Labels& labels = {});
  Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels = {});
  [[nodiscard]] std::string prometheus_text() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sekisho
