#include "gateway/dns/ask_all.h"

#include <exception>
#include <optional>
#include <utility>

namespace sekisho::dns {
namespace {

// Of all questions; in the frame of ask_all(), which outlives them.
struct Asked {
  std::vector<std::optional<Result<Answer>>> answers;
  std::size_t open = 0;
  std::exception_ptr failure;
  Event done;
};

Task<void> ask_one(Resolver& resolver, Type type, std::string name, Deadline deadline,
                   CancelSource& cancel, Asked& asked, std::size_t place) {
  try {
    asked.answers[place] = co_await resolver.ask(type, std::move(name), deadline, cancel);
  } catch (...) {
    asked.failure = std::current_exception();
  }
  if (--asked.open == 0) asked.done.notify();
}

}  // namespace

Task<std::vector<Result<Answer>>> ask_all(Loop& loop, Resolver& resolver, Type type,
                                          const std::vector<std::string>& names, Deadline deadline,
                                          CancelSource& cancel) {
  Asked asked;
  asked.answers.resize(names.size());
  asked.open = names.size();
  for (std::size_t i = 0; i < names.size(); ++i)
    spawn(ask_one(resolver, type, names[i], deadline, cancel, asked, i));
  // Each ends by the deadline and by the cancel, and must have ended before this frame does.
  CancelSource never;
  while (asked.open > 0) (void)co_await asked.done.wait(loop, Deadline::never(), never);
  if (asked.failure) std::rethrow_exception(asked.failure);
  std::vector<Result<Answer>> answers;
  answers.reserve(names.size());
  // NOLINTNEXTLINE(bugprone-unchecked-optional-access): without a failure, each has its answer
  for (auto& answer : asked.answers) answers.push_back(std::move(*answer));
  co_return answers;
}

}  // namespace sekisho::dns
