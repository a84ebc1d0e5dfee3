// Lists of rules with a million items: CPU time to load a file of them, bytes of memory for each,
// CPU time of a look-up that hits and of one for a random value.
//
//     rule_lists [ITEMS]
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <malloc.h>

#include "rules/lists/lists.h"

namespace {

using namespace sekisho;
using namespace sekisho::rules;

class OneFile : public Files {
 public:
  std::string text;
  Result<std::string> read(const std::filesystem::path& /*path*/, std::size_t /*max*/) override {
    return text;
  }
  std::vector<std::filesystem::path> expand(const std::filesystem::path& /*pattern*/) override {
    return {};
  }
  bool is_file(const std::filesystem::path& /*path*/) override { return true; }
};

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

std::string word(std::mt19937_64& random) {
  std::string out;
  for (int i = 4 + static_cast<int>(random() % 8); i > 0; --i) {
    out += static_cast<char>('a' + random() % 26);
  }
  return out;
}

std::size_t used() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

void measure(std::string_view name, Type type, std::size_t count,
             const std::function<std::string()>& make) {
  std::vector<std::string> hits;
  OneFile file;
  for (std::size_t i = 0; i < count; ++i) {
    auto item = make();
    file.text += item + "\n";
    if (i % (count / 10'000 + 1) == 0) hits.push_back(std::move(item));
  }
  std::vector<std::string> misses;
  for (std::size_t i = 0; i < hits.size(); ++i) misses.push_back(make());
  List list;
  list.type = type;
  list.file = "list";
  const auto before = used();
  const double begin = cpu_seconds();
  const auto items = lists::read_list(list, false, file);
  const double load = cpu_seconds() - begin;
  if (!items) {
    fmt::print(stderr, "{}\n", items.error().first);
    std::exit(1);
  }
  const auto bytes = used() - before;

  const auto look_up = [&](const std::vector<std::string>& asked) {
    std::vector<engine::Fact> facts;
    for (const auto& one : asked) {
      if (type == Type::network) {
        facts.emplace_back(Network::parse(one)->address());
      } else {
        facts.emplace_back(std::string_view(one));
      }
    }
    std::size_t found = 0;
    constexpr int kRounds = 100;
    const double start = cpu_seconds();
    for (int round = 0; round < kRounds; ++round) {
      for (const auto& fact : facts) found += (*items)->has(fact) ? 1 : 0;
    }
    const double each =
        (cpu_seconds() - start) * 1e9 / (kRounds * static_cast<double>(facts.size()));
    return std::pair(
        each, 100.0 * static_cast<double>(found) / (kRounds * static_cast<double>(facts.size())));
  };
  const auto [hit, share] = look_up(hits);
  const auto [miss, other] = look_up(misses);
  fmt::print(
      "{:<24} {:>8} items  {:>5.2f} s  {:>5.1f} bytes an item (text {:>4.1f})  "
      "hit {:>4.0f} ns ({:.0f}%)  random {:>4.0f} ns ({:.0f}%)\n",
      name, (*items)->size(), load, static_cast<double>(bytes) / static_cast<double>(count),
      static_cast<double>(file.text.size()) / static_cast<double>(count), hit, share, miss, other);
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t count = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1'000'000;
  std::mt19937_64 random(1);
  const auto v4 = [&] {
    return fmt::format("{}.{}.{}.{}", random() % 224, random() % 256, random() % 256,
                       random() % 256);
  };
  measure("domains", Type::domain, count,
          [&] { return word(random) + "." + word(random) + ".example"; });
  measure("domains, half below", Type::domain, count, [&] {
    return (random() % 2 == 0 ? "*." : "") + word(random) + "." + word(random) + ".example";
  });
  measure("addresses", Type::address, count,
          [&] { return word(random) + "@" + word(random) + ".example"; });
  measure("IPv4 addresses", Type::network, count, v4);
  measure("IPv4 networks", Type::network, count, [&] {
    const int prefix = 16 + static_cast<int>(random() % 17);
    return fmt::format("{}/{}", IpAddress::parse(v4())->masked(prefix).to_string(), prefix);
  });
  measure("IPv6 networks", Type::network, count, [&] {
    return fmt::format("2001:{:x}:{:x}:{:x}::/64", random() % 65536, random() % 65536,
                       random() % 65536);
  });
  measure("SHA-256 sums", Type::hash, count, [&] {
    return fmt::format("{:016x}{:016x}{:016x}{:016x}", random(), random(), random(), random());
  });
}
