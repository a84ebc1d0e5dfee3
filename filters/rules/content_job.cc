#include "filters/rules/content_job.h"

#include <algorithm>
#include <chrono>

#include "rules/content/parts.h"
#include "rules/content/reader.h"
#include "rules/content/wire.h"

namespace sekisho::filters::rule {
namespace {

namespace content = sekisho::rules::content;

// Plans that came with jobs: two reloads may overlap, more don't.
constexpr std::size_t kMaxLate = 4;

auto unreadable() { return fail(ErrorKind::invalid, "no plan, or no message to read for it"); }

}  // namespace

struct ContentReader::Ready {
  content::Plan plan;
  content::Matchers matchers;
};

ContentOrder::ContentOrder(const content::Plan& plan)
    : plan_(plan.encode()), name_(content::sha256_hex(plan_)) {}

std::string ContentOrder::input(const mail::MimeLimits& limits) const {
  content::WireWriter out;
  out.text(name_);
  out.text(plan_);
  out.number(static_cast<std::uint64_t>(limits.max_depth));
  out.number(static_cast<std::uint64_t>(limits.max_parts));
  out.number(limits.max_part_header.count);
  out.number(static_cast<std::uint64_t>(limits.max_time.count()));
  return out.take();
}

std::string content_setup(const std::vector<std::string>& plans) {
  content::WireWriter out;
  out.number(plans.size());
  for (const std::string& plan : plans) out.text(plan);
  return out.take();
}

ContentReader::ContentReader() = default;
ContentReader::~ContentReader() = default;

Result<void> ContentReader::hold(std::string_view setup) {
  if (setup.empty()) return {};
  content::WireReader in(setup);
  for (std::size_t left = in.count(); left > 0 && in.good(); --left) {
    const std::string_view plan = in.text();
    if (auto made = ready(content::sha256_hex(plan), plan); !made)
      return std::unexpected(made.error());
  }
  late_.clear();
  if (!in.done()) return fail(ErrorKind::invalid, "the set-up holds no plans");
  return {};
}

Result<ContentReader::Ready*> ContentReader::ready(std::string_view name, std::string_view bytes) {
  const auto known = held_.find(name);
  if (known != held_.end()) return known->second.get();
  auto plan = content::Plan::decode(bytes);
  if (!plan) return std::unexpected(plan.error());
  auto matchers = content::Matchers::of(*plan);
  if (!matchers) return std::unexpected(matchers.error());
  if (late_.size() >= kMaxLate) {
    held_.erase(late_.front());
    late_.erase(late_.begin());
  }
  late_.emplace_back(name);
  auto made = std::make_unique<Ready>(Ready{std::move(*plan), std::move(*matchers)});
  return held_.emplace(name, std::move(made)).first->second.get();
}

Result<std::string> ContentReader::read(const worker::JobInput& job) {
  content::WireReader in(job.input);
  const std::string_view name = in.text();
  const std::string_view bytes = in.text();
  mail::MimeLimits limits;
  limits.max_depth = static_cast<std::int64_t>(in.number() & INT64_MAX);
  limits.max_parts = static_cast<std::int64_t>(in.number() & INT64_MAX);
  limits.max_part_header.count = in.number();
  limits.max_time = std::chrono::milliseconds(
      static_cast<std::int64_t>(std::min(in.number(), std::uint64_t{1} << 40U)));
  if (!in.done() || !job.message) return unreadable();
  auto plan = ready(name, bytes);
  if (!plan) return std::unexpected(plan.error());
  auto found = content::read(*job.message, (*plan)->plan, (*plan)->matchers, limits);
  if (!found) return std::unexpected(found.error());
  return content::encode(*found);
}

}  // namespace sekisho::filters::rule
