#include "gateway/session_services.h"

namespace sekisho {
namespace {

Counter& messages(Metrics& metrics, const char* result) {
  return metrics.counter("messages_total", "Messages by what became of them", {{"result", result}});
}

Counter& recipients(Metrics& metrics, const char* result) {
  return metrics.counter("recipients_total", "RCPT commands by their answer", {{"result", result}});
}

Counter& from_cache(Metrics& metrics, const char* result) {
  return metrics.counter("recipient_cache_answers_total",
                         "RCPT commands that were answered without asking an upstream",
                         {{"result", result}});
}

Counter& foreign_senders(Metrics& metrics, const char* result) {
  return metrics.counter(
      "foreign_senders_total",
      "Sender addresses and fields that were not the user's own, by what was done",
      {{"result", result}});
}

Counter& logins(Metrics& metrics, const char* result) {
  return metrics.counter("logins_total", "AUTH commands by their answer", {{"result", result}});
}

}  // namespace

SessionCounters::SessionCounters(Metrics& metrics)
    : sessions_open(metrics.gauge("sessions_open", "Sessions that are open now")),
      sessions(metrics.counter("sessions_total", "Sessions begun")),
      sessions_failed(
          metrics.counter("sessions_failed_total", "Sessions ended by an error of ours")),
      accepted(messages(metrics, "accepted")),
      rejected(messages(metrics, "rejected")),
      deferred(messages(metrics, "deferred")),
      abandoned(messages(metrics, "abandoned")),
      recipients_accepted(recipients(metrics, "accepted")),
      recipients_refused(recipients(metrics, "refused")),
      relay_denied(recipients(metrics, "relay_denied")),
      unknown_from_cache(from_cache(metrics, "refused")),
      known_from_cache(from_cache(metrics, "accepted")),
      senders_rejected(foreign_senders(metrics, "rejected")),
      senders_rewritten(foreign_senders(metrics, "rewritten")),
      senders_logged(foreign_senders(metrics, "logged")),
      auth_succeeded(logins(metrics, "succeeded")),
      auth_failed(logins(metrics, "failed")),
      bytes_received(metrics.counter("message_bytes_total", "Message bytes received")) {}

}  // namespace sekisho
