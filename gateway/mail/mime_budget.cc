#include "gateway/mail/mime_budget.h"

#include <utility>

namespace sekisho::mail {

MimeBudget::MimeBudget(const MimeLimits& limits_, Deadline deadline, bool lenient_)
    : limits(limits_), lenient(lenient_), deadline_(deadline) {}

void MimeBudget::incomplete(std::string reason) {
  if (std::exchange(view.complete, false)) view.incomplete_reason = std::move(reason);
}

void MimeBudget::stop(std::string reason) {
  incomplete(std::move(reason));
  stopped = true;
}

std::optional<std::size_t> MimeBudget::add(MimePart part) {
  if (stopped) return std::nullopt;
  if (std::cmp_greater_equal(view.parts.size(), limits.max_parts)) {
    stop("more than " + std::to_string(limits.max_parts) + " parts");
    return std::nullopt;
  }
  for (const std::string& name : part.names) name_bytes_ += name.size();
  if (name_bytes_ > kMaxNameBytes) {
    stop("the names of the parts are too long");
    return std::nullopt;
  }
  view.parts.push_back(std::move(part));
  return view.parts.size() - 1;
}

void MimeBudget::spend(std::size_t bytes) {
  constexpr std::size_t kClockEvery = 256UL * 1024;
  unclocked_ += bytes;
  if (unclocked_ < kClockEvery) return;
  unclocked_ = 0;
  if (deadline_.passed(Clock::now())) {
    stop("reading took longer than " + std::to_string(limits.max_time.count()) + " ms");
  }
}

}  // namespace sekisho::mail
