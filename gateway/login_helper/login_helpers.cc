#include "gateway/login_helper/login_helpers.h"

#include <atomic>
#include <utility>

#include "gateway/login_helper/helper_main.h"

namespace sekisho::login {

LoginHelpers::LoginHelpers(const HelperSettings& settings, std::vector<std::string> command,
                           Secret setup)
    : command_(std::move(command)),
      setup_(std::move(setup)),
      timeout_(settings.timeout),
      pool_(static_cast<std::size_t>(settings.processes),
            static_cast<std::size_t>(settings.max_waiting)) {}

Result<std::unique_ptr<LoginHelpers>> LoginHelpers::create(const HelperSettings& settings,
                                                           std::vector<std::string> command) {
  auto setup = encode_setup(settings);
  if (!setup) return std::unexpected(std::move(setup.error()));
  return std::unique_ptr<LoginHelpers>(
      new LoginHelpers(settings, std::move(command), std::move(*setup)));
}

Task<Answer> LoginHelpers::ask(Loop& loop, Question question, CancelSource& cancel) {
  if (question.password.empty()) co_return Answer{Outcome::wrong, "empty password"};
  std::atomic<bool> abandoned = false;
  const CancelSource::Registration registration(cancel, [&abandoned] { abandoned = true; });
  auto answer = co_await pool_.run(loop, [&] {
    return abandoned ? Answer{Outcome::unavailable, "the session ended"} : ask_now(question);
  });
  if (!answer) co_return Answer{Outcome::unavailable, "too many log-ins wait for a login helper"};
  co_return std::move(*answer);
}

Answer LoginHelpers::ask_now(const Question& question) {
  std::unique_ptr<HelperProcess> process = take_idle();
  if (!process) {
    auto started = HelperProcess::start(command_, setup_);
    if (!started) return {Outcome::unavailable, std::move(started.error().text)};
    process = std::move(*started);
  }
  auto answer = process->ask(question, timeout_);
  if (answer || answer.error().kind == ErrorKind::limit) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(process));
  }
  if (!answer) return {Outcome::unavailable, std::move(answer.error().text)};
  return std::move(*answer);
}

std::unique_ptr<HelperProcess> LoginHelpers::take_idle() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return nullptr;
  auto process = std::move(idle_.back());
  idle_.pop_back();
  return process;
}

}  // namespace sekisho::login
