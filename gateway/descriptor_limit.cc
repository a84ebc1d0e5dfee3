#include "gateway/descriptor_limit.h"

#include <sys/resource.h>

namespace sekisho {
namespace {

// Listening sockets, event loops, logs, files that are read.
constexpr std::uint64_t kOurOwn = 100;

}  // namespace

std::uint64_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const rlimit wanted{.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
  if (setrlimit(RLIMIT_NOFILE, &wanted) == 0) limit = wanted;
  return limit.rlim_cur;
}

std::optional<LogLine> warn_of_few_descriptors(std::uint64_t limit,
                                               const config::Settings& settings) {
  std::uint64_t needed = kOurOwn + static_cast<std::uint64_t>(settings.limits.max_connections);
  for (const auto& [name, upstream] : settings.upstreams)
    needed += static_cast<std::uint64_t>(upstream.max_connections);
  if (limit >= needed) return std::nullopt;
  return LogLine("few_descriptors", LogLevel::warning)
      .add("limit", limit)
      .add("needed", needed)
      .add("hint", "raise the limit of open files or lower limits.max_connections");
}

}  // namespace sekisho
