// The verbs that change who the client is: STARTTLS and AUTH.
#include "gateway/auth_exchange.h"
#include "gateway/client_certificate.h"
#include "gateway/session.h"

namespace sekisho {

using filters::Stage;
using smtp::Reply;

Task<bool> Session::begin_tls() {
  const Deadline deadline = Deadline::in(snapshot_->settings.timeouts.tls_handshake);
  if (auto started = co_await conversation_.start_tls(plan_->tls, deadline); !started) {
    services_.log.write(LogLine("tls_failed")
                            .src(peer_.remote)
                            .add("id", peer_.session_id)
                            .add("listener", peer_.listener)
                            .add("what", started.error().text));
    co_return false;
  }
  note_tls(*conversation_.tls(), peer_);
  if (peer_.certificate)
    certificate_user_ =
        plan_->settings.certificate_login.user_of(*peer_.certificate).value_or(std::string());
  co_return true;
}

Task<Session::End> Session::on_starttls() {
  // What came in the clear behind STARTTLS would be read as if it had come inside (CVE-2011-0411).
  if (conversation_.has_ahead()) {
    answer(Reply::of(554, "5.5.1", "nothing may follow STARTTLS in the clear, closing connection"));
    services_.log.write(LogLine("starttls_injection", LogLevel::warning)
                            .src(peer_.remote)
                            .add("id", peer_.session_id));
    co_return "STARTTLS injection";
  }
  co_await end_transaction();
  conversation_.say(Reply::of(220, "2.0.0", "ready to start TLS"));
  if (!co_await begin_tls()) co_return "TLS handshake failed";
  // RFC 3207 section 4.2: all knowledge from before is forgotten. Of a client that was announced it
  // stays that there is one: the right of its server's address must not become its.
  dialog_.tls_started();
  if (std::exchange(announced_, {}) != smtp::Xclient()) announced_.address.said = true;
  if (announced_.address.said) become_announced_client();
  peer_.helo.clear();
  peer_.extended = false;
  peer_.user.clear();
  peer_.auth_method.clear();
  co_return std::nullopt;
}

auth::LoginContext Session::login_context() {
  const TlsInfo* const tls = conversation_.tls();
  return {.loop = services_.loop,
          .cancel = cancel_,
          .remote = peer_.remote,
          .local = peer_.local,
          .dovecot = services_.dovecot,
          .session_id = peer_.session_id,
          .encrypted = dialog_.is_tls() || dialog_.rules().auth_in_clear,
          .channel_binding = tls == nullptr ? std::string_view() : tls->channel_binding,
          .certificate_user = certificate_user_,
          .listener = peer_.listener};
}

Task<Session::End> Session::on_auth(std::string_view argument) {
  auto command = smtp::parse_auth(argument);
  if (!command) {
    answer(command.error());
    co_return std::nullopt;
  }
  const std::string mechanism = command->mechanism;
  AuthOutcome outcome =
      co_await run_auth_exchange(conversation_, *snapshot_->authenticator, std::move(*command),
                                 login_context(), Deadline::in(snapshot_->settings.timeouts.auth));
  if (!outcome.user.empty()) {
    peer_.user = outcome.user;
    peer_.auth_method = mechanism;
    auto refused = refuse_suspended(454);
    outcome.reason = refused ? "suspended" : "refused by a filter";
    if (!refused) refused = co_await check(Stage::auth);
    if (refused) {
      peer_.user.clear();
      peer_.auth_method.clear();
      outcome.user.clear();
      outcome.reply = std::move(*refused);
    }
  }
  const bool succeeded = !outcome.user.empty();
  (succeeded ? services_.counters.auth_succeeded : services_.counters.auth_failed).add();
  LogLine line(succeeded ? "auth" : "auth_failed");
  line.src(peer_.remote).add("id", peer_.session_id).add("listener", peer_.listener);
  line.add("user", succeeded ? peer_.user : outcome.tried).add("mechanism", mechanism);
  if (!outcome.lost) line.add("code", outcome.reply.code);
  if (!succeeded) line.add("reason", outcome.reason);
  services_.log.write(line);
  if (succeeded)
    dialog_.authenticated();
  else
    ++peer_.auth_failures;
  if (outcome.lost) co_return lost_client(*outcome.lost);
  answer(outcome.reply);
  if (outcome.session_over) co_return "bare LF";
  if (outcome.reply.code != 535 || ++failed_logins_ < snapshot_->settings.limits.max_auth_failures)
    co_return std::nullopt;
  answer(Reply::of(421, "4.7.0", "too many failed log-ins, closing connection"));
  co_return "too many failed log-ins";
}

}  // namespace sekisho
