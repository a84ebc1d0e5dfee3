// Limits of rules with a million live keys: memory, and the CPU time of a charge (take and settle)
// and of a look, on one thread and on two.
//
//     rule_limits [KEYS]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <malloc.h>

#include "rules/limits/limit_book.h"

namespace {

using namespace sekisho;
using namespace sekisho::rules;
using namespace sekisho::rules::limits;
using namespace std::chrono_literals;

double cpu_ns() { return static_cast<double>(std::clock()) * 1e9 / CLOCKS_PER_SEC; }
double ns_since(double begin, std::size_t count) {
  return (cpu_ns() - begin) / static_cast<double>(count);
}

std::size_t used() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

std::string key_of(std::size_t i) {
  return fmt::format("user{}@example.com", (i * 7919) % 1'000'003);
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t keys = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1'000'000;
  RuleSet set;
  Limit limit;
  limit.name = "l";
  limit.amount = 200;
  limit.at_once = 50;
  limit.period = 1h;
  set.limits.push_back(limit);
  LimitBook book({.max_keys = keys + keys / 4});
  TimePoint now{1000h};
  const auto before = used();
  const auto counters = book.adopt(set, now);
  auto& counter = *counters->limits[0];
  std::vector<std::string> names;
  names.reserve(keys);
  const auto without_names = used();
  for (std::size_t i = 0; i < keys; ++i) names.push_back(key_of(i));
  const auto of_names = used() - without_names;

  const auto charge = [&](std::size_t from, std::size_t step) {
    for (std::size_t i = from; i < keys; i += step) {
      const auto key = counters->hash(names[i]);
      if (!counter.take(key, 1, now).exceeded) counter.settle(key, 1, now);
    }
  };
  double begin = cpu_ns();
  charge(0, 1);
  fmt::print("a charge of a new key    {:>5.0f} ns\n", ns_since(begin, keys));
  fmt::print("{} live keys: {:.1f} MB, {:.1f} bytes a key\n", counter.keys(),
             static_cast<double>(used() - before - of_names) / 1e6,
             static_cast<double>(used() - before - of_names) / static_cast<double>(counter.keys()));
  begin = cpu_ns();
  charge(0, 1);
  fmt::print("a charge of a known key  {:>5.0f} ns\n", ns_since(begin, keys));
  begin = cpu_ns();
  std::size_t over = 0;
  for (const auto& name : names) {
    over += counter.peek(counters->hash(name), 10, now).exceeded ? 1 : 0;
  }
  fmt::print("a look                   {:>5.0f} ns ({} would exceed)\n", ns_since(begin, keys),
             over);
  begin = cpu_ns();
  {
    std::jthread one([&] { charge(0, 2); });
    std::jthread two([&] { charge(1, 2); });
  }
  fmt::print("a charge, two threads    {:>5.0f} ns\n", ns_since(begin, keys));
  begin = cpu_ns();
  const auto hot = counters->hash("ann");
  for (std::size_t i = 0; i < keys; ++i) {
    if (!counter.take(hot, 1, now).exceeded) counter.settle(hot, 1, now);
  }
  fmt::print("one key, exceeded        {:>5.0f} ns\n", ns_since(begin, keys));
  begin = cpu_ns();
  const auto saved = book.save("rule_limits.snapshot", now, std::chrono::system_clock::now());
  fmt::print("a snapshot               {:>5.0f} ms{}\n", ns_since(begin, 1) / 1e6,
             saved ? "" : ": " + saved.error().text);
  begin = cpu_ns();
  auto opened = LimitBook::open("rule_limits.snapshot", {}, now, std::chrono::system_clock::now());
  (void)opened.book->adopt(set, now);
  fmt::print("a start from it          {:>5.0f} ms, {} keys\n", ns_since(begin, 1) / 1e6,
             opened.book->keys());
  std::remove("rule_limits.snapshot");
}
