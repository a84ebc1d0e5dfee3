// The filters' part of a session: what they get of it, and the stages before a transaction.
#include "gateway/session.h"

namespace sekisho {

using filters::Stage;
using smtp::Reply;

filters::ChainRun& Session::chain() {
  if (!chain_)
    chain_ = std::make_unique<filters::ChainRun>(
        plan_->chain,
        filters::SessionContext{.loop = services_.loop,
                                .offload = services_.offload,
                                .resolver = services_.resolver,
                                .workers = services_.workers,
                                .log = services_.log,
                                .metrics = services_.metrics,
                                .hostname = snapshot_->settings.hostname,
                                .authserv_id = config::authserv_id(snapshot_->settings),
                                .cancel = cancel_,
                                .errands = &services_.errands});
  return *chain_;
}

Task<std::optional<Reply>> Session::check(Stage stage) {
  if (!plan_->chain->wants(stage)) co_return std::nullopt;
  const mail::Envelope none;
  mail::HeaderEdits unused_edits;
  filters::Trace unused_trace;
  filters::Wishes unused_wishes;
  mail::Authentication unused_authentication;
  filters::View view{.peer = peer_,
                     .envelope = none,
                     .recipient = nullptr,
                     .message = nullptr,
                     .edits = unused_edits,
                     .trace = unused_trace,
                     .wishes = unused_wishes,
                     .authentication = unused_authentication,
                     .now = std::chrono::system_clock::now()};
  auto outcome = co_await chain().run(stage, view);
  co_await chain().wait(outcome.delay);
  hang_up_ = hang_up_ || outcome.disconnects();
  if (!outcome.verdict.refuses()) co_return std::nullopt;
  services_.log.write(LogLine("refused")
                          .src(peer_.remote)
                          .add("id", peer_.session_id)
                          .add("listener", peer_.listener)
                          .add("stage", filters::to_string(stage))
                          .add("filter", outcome.filter)
                          .add("why", outcome.verdict.why())
                          .add("code", outcome.verdict.reply().code));
  co_return outcome.verdict.reply();
}

// A client, or a user who logged in, whom a filter has suspended.
std::optional<Reply> Session::refuse_suspended(int code) const {
  const Suspensions& all = services_.suspensions;
  if (all.empty()) return std::nullopt;
  const auto now = std::chrono::system_clock::now();
  std::optional<WallTime> until;
  if (peer_.authenticated()) until = all.of_user(peer_.user, now);
  if (!until && peer_.address_known && !peer_.by_unix_socket())
    until = all.of_client(peer_.remote.address, now);
  if (!until) return std::nullopt;
  services_.log.write(LogLine("refused")
                          .src(peer_.remote)
                          .add("id", peer_.session_id)
                          .add("listener", peer_.listener)
                          .add("user", peer_.user)
                          .add("why", "suspended")
                          .add("until", rfc5322_date(*until))
                          .add("code", code));
  return Reply::of(code, "4.7.1", "suspended for a while, try again later");
}

}  // namespace sekisho
