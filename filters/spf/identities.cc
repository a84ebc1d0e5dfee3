#include "filters/spf/identities.h"

#include <exception>
#include <utility>

#include "filters/spf/names.h"

namespace sekisho::spf {
namespace {

using mail::SpfFact;

// An evaluation on its way beside another, whose frame outlives it.
struct Beside {
  std::optional<Result<Check>> check;
  std::exception_ptr failure;
  Event done;
};

Task<void> run_beside(Engine& engine, Query query, Deadline deadline, CancelSource& cancel,
                      Beside& beside) {
  try {
    beside.check = co_await engine.check(std::move(query), deadline, cancel);
  } catch (...) {
    beside.failure = std::current_exception();
  }
  beside.done.notify();
}

Query query_for(const IdentitiesWish& wish, std::string identity) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(wish.now.time_since_epoch());
  return {.client = wish.client,
          .helo = wish.helo,
          .identity = std::move(identity),
          .receiver = wish.receiver,
          .timestamp = std::to_string(seconds.count()),
          .explain = wish.explain};
}

// The domain in the form that the DNS knows (section 4.3).
std::string sender_identity(const smtp::Mailbox& sender) {
  return sender.local + '@' + ascii_name(sender.domain);
}

}  // namespace

SenderName sender_name(const std::optional<smtp::Mailbox>& sender, const std::string& helo) {
  if (!sender) return {"postmaster@" + helo, normal_name(ascii_name(helo))};
  return {sender->to_string(), normal_name(ascii_name(sender->domain))};
}

Task<Result<std::vector<Finding>>> check_identities(Loop& loop, Engine& engine, IdentitiesWish wish,
                                                    Deadline deadline, CancelSource& cancel) {
  const std::string helo_domain = normal_name(ascii_name(wish.helo));
  const bool two = wish.check_helo && wish.sender;
  Beside helo;
  if (two) spawn(run_beside(engine, query_for(wish, helo_domain), deadline, cancel, helo));

  std::optional<Result<Check>> own;
  std::exception_ptr failure;
  try {
    own = co_await engine.check(
        query_for(wish, wish.sender ? sender_identity(*wish.sender) : helo_domain), deadline,
        cancel);
  } catch (...) {
    failure = std::current_exception();
  }
  // Whatever happened, the other one must have ended before this frame does; it ends by the same
  // deadline and the same cancel.
  CancelSource never;
  while (two && !helo.check && !helo.failure)
    (void)co_await helo.done.wait(loop, Deadline::never(), never);
  if (failure) std::rethrow_exception(failure);
  if (helo.failure) std::rethrow_exception(helo.failure);
  if (!*own) co_return std::unexpected(std::move(own->error()));
  if (helo.check && !*helo.check) co_return std::unexpected(std::move(helo.check->error()));

  std::vector<Finding> findings;
  if (wish.check_helo)
    findings.push_back({.identity = SpfFact::Identity::helo,
                        .address = wish.helo,
                        .domain = helo_domain,
                        .verdict = helo.check ? (*helo.check)->verdict : (*own)->verdict});
  auto name = sender_name(wish.sender, wish.helo);
  findings.push_back({.identity = SpfFact::Identity::mail_from,
                      .address = std::move(name.address),
                      .domain = std::move(name.domain),
                      .verdict = std::move((*own)->verdict)});
  co_return findings;
}

}  // namespace sekisho::spf
