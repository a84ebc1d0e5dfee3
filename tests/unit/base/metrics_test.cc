#include "gateway/base/metrics.h"

#include <stdexcept>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sekisho {
namespace {

using testing::HasSubstr;

TEST(Metrics, ShowsCountersAndGaugesAsPrometheusText) {
  Metrics metrics;
  metrics.counter("messages_total", "Messages.", {{"verdict", "pass"}}).add(3);
  metrics.counter("messages_total", "Messages.", {{"verdict", "reject"}}).add();
  metrics.gauge("sessions", "Open sessions.").set(7);
  const auto text = metrics.prometheus_text();
  EXPECT_THAT(text, HasSubstr("# HELP sekisho_messages_total Messages.\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE sekisho_messages_total counter\n"));
  EXPECT_THAT(text, HasSubstr("sekisho_messages_total{verdict=\"pass\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("sekisho_messages_total{verdict=\"reject\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("sekisho_sessions 7\n"));
}

TEST(Metrics, GivesTheSameObjectForTheSameNameAndLabels) {
  Metrics metrics;
  auto& counter = metrics.counter("a_total", "A.", {{"x", "1"}, {"y", "2"}});
  EXPECT_EQ(&counter, &metrics.counter("a_total", "A.", {{"y", "2"}, {"x", "1"}}));
  EXPECT_NE(&counter, &metrics.counter("a_total", "A.", {{"x", "1"}, {"y", "3"}}));
  auto& gauge = metrics.gauge("g", "G.");
  gauge.add(2.5);
  gauge.add(-1);
  EXPECT_EQ(&gauge, &metrics.gauge("g", "G."));
  EXPECT_DOUBLE_EQ(gauge.value(), 1.5);
}

TEST(Metrics, RefusesOneNameForTwoTypesAndNamesThatPrometheusCantRead) {
  Metrics metrics;
  metrics.counter("a_total", "A.");
  EXPECT_THROW(metrics.gauge("a_total", "A."), std::invalid_argument);
  EXPECT_THROW(metrics.gauge("a_total", "A."), std::invalid_argument);
  EXPECT_THROW(metrics.counter("bad name", "B."), std::invalid_argument);
}

TEST(Metrics, CountsFromManyThreads) {
  Metrics metrics;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&metrics] {
      for (int n = 0; n < 1000; ++n) metrics.counter("n_total", "N.").add();
    });
  }
  threads.clear();
  EXPECT_DOUBLE_EQ(metrics.counter("n_total", "N.").value(), 4000);
}

}  // namespace
}  // namespace sekisho
