// The job of the inspect workers that reads a message for rules (rules/content): which plans its
// processes hold, what is asked of one, and its handler. What comes back is a worker's word:
// decode_findings() takes it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/mail/mime_view.h"
#include "gateway/worker/handlers.h"
#include "rules/content/matchers.h"
#include "rules/content/plan.h"

namespace sekisho::filters::rule {

inline constexpr worker::JobKind kContentJob{"rules", worker::Pool::inspect};

// A plan as jobs name it. Made once at a reload, for its bytes are long; immutable.
class ContentOrder {
 public:
  explicit ContentOrder(const sekisho::rules::content::Plan& plan);

  [[nodiscard]] const std::string& plan() const { return plan_; }
  // Of one job. The plan's bytes go with it: a process that was set up for others (at a reload)
  // makes it ready by itself.
  [[nodiscard]] std::string input(const mail::MimeLimits& limits) const;

 private:
  std::string plan_;
  std::string name_;
};

// What a filter has in its worker_setup() for the inspect processes: ContentOrder::plan().
inline constexpr std::string_view kPlanItem = "rules_plan";
// Plans as the handler is told them.
[[nodiscard]] std::string content_setup(const std::vector<std::string>& plans);

// The handler, in the worker process.
class ContentReader {
 public:
  ContentReader();
  ~ContentReader();
  ContentReader(const ContentReader&) = delete;
  ContentReader& operator=(const ContentReader&) = delete;

  // Before the sandbox is closed: patterns become machine code only there.
  Result<void> hold(std::string_view setup);
  Result<std::string> read(const worker::JobInput& job);

 private:
  struct Ready;
  Result<Ready*> ready(std::string_view name, std::string_view plan);

  std::map<std::string, std::unique_ptr<Ready>, std::less<>> held_;  // by name
  std::vector<std::string> late_;  // of those, which came with a job; the oldest first
};

}  // namespace sekisho::filters::rule
