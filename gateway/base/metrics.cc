#include "gateway/base/metrics.h"

#include <mutex>
#include <utility>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace sekisho {
namespace {

class PrometheusCounter final : public Counter {
 public:
  explicit PrometheusCounter(prometheus::Counter& counter) : counter_(counter) {}
  void add(double amount) override { counter_.Increment(amount); }
  [[nodiscard]] double value() const override { return counter_.Value(); }

 private:
  prometheus::Counter& counter_;
};

class PrometheusGauge final : public Gauge {
 public:
  explicit PrometheusGauge(prometheus::Gauge& gauge) : gauge_(gauge) {}
  void add(double amount) override { gauge_.Increment(amount); }
  void set(double value) override { gauge_.Set(value); }
  [[nodiscard]] double value() const override { return gauge_.Value(); }

 private:
  prometheus::Gauge& gauge_;
};

// Everything of one metric type: a family per name, a wrapper per name and labels.
template <class Family, class Wrapper>
struct Shelf {
  std::map<std::string, Family*> families;
  std::map<std::pair<std::string, Metrics::Labels>, std::unique_ptr<Wrapper>> wrappers;

  template <class Build>
  Wrapper& get(const std::string& name, const Metrics::Labels& labels, Build build) {
    auto& wrapper = wrappers[{name, labels}];
    if (!wrapper) {
      auto& family = families[name];
      if (family == nullptr) family = &build();
      wrapper = std::make_unique<Wrapper>(family->Add(labels));
    }
    return *wrapper;
  }
};

}  // namespace

struct Metrics::Impl {
  std::mutex mutex;
  prometheus::Registry registry;
  Shelf<prometheus::Family<prometheus::Counter>, PrometheusCounter> counters;
  Shelf<prometheus::Family<prometheus::Gauge>, PrometheusGauge> gauges;
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

Counter& Metrics::counter(const std::string& name, const std::string& help, const Labels& labels) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->counters.get(name, labels, [&]() -> auto& {
    return prometheus::BuildCounter().Name("sekisho_" + name).Help(help).Register(impl_->registry);
  });
}

Gauge& Metrics::gauge(const std::string& name, const std::string& help, const Labels& labels) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->gauges.get(name, labels, [&]() -> auto& {
    return prometheus::BuildGauge().Name("sekisho_" + name).Help(help).Register(impl_->registry);
  });
}

std::string Metrics::prometheus_text() const {
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace sekisho
