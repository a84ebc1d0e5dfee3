#include "filters/filter.h"

#include <utility>

namespace sekisho::filters {
namespace {

// A filter that "defers" with a 550 or "rejects" with a 250 would make the client believe something
// that the log denies, so it is stopped where it is made.
void demand_class(const smtp::Reply& reply, int klass) {
  if (reply.code / 100 != klass) {
    throw std::logic_error("the verdict's reply code is not a " + std::to_string(klass) + "yz");
  }
  if (reply.enhanced && reply.enhanced->klass != klass) {
    throw std::logic_error("the verdict's enhanced code is of another class than its reply code");
  }
  if (reply.lines.empty()) throw std::logic_error("the verdict's reply has no text");
}

}  // namespace

std::string_view to_string(Stage stage) {
  switch (stage) {
    case Stage::connect:
      return "connect";
    case Stage::helo:
      return "helo";
    case Stage::auth:
      return "auth";
    case Stage::mail:
      return "mail";
    case Stage::rcpt:
      return "rcpt";
    case Stage::headers:
      return "headers";
    case Stage::end:
      return "end";
    case Stage::sign:
      return "sign";
  }
  return "unknown";
}

std::string_view to_string(Verdict::Kind kind) {
  switch (kind) {
    case Verdict::Kind::pass:
      return "pass";
    case Verdict::Kind::accept:
      return "accept";
    case Verdict::Kind::defer:
      return "defer";
    case Verdict::Kind::reject:
      return "reject";
    case Verdict::Kind::quarantine:
      return "quarantine";
    case Verdict::Kind::discard:
      return "discard";
    case Verdict::Kind::disconnect:
      return "disconnect";
  }
  return "unknown";
}

Verdict Verdict::pass() { return {Kind::pass, {}, {}}; }

Verdict Verdict::accept(std::string_view why) { return {Kind::accept, {}, why}; }

Verdict Verdict::defer(smtp::Reply reply, std::string_view why) {
  demand_class(reply, 4);
  return {Kind::defer, std::move(reply), why};
}

Verdict Verdict::reject(smtp::Reply reply, std::string_view why) {
  demand_class(reply, 5);
  return {Kind::reject, std::move(reply), why};
}

Verdict Verdict::quarantine(std::string_view why) { return {Kind::quarantine, {}, why}; }

Verdict Verdict::discard(std::string_view why) { return {Kind::discard, {}, why}; }

Verdict Verdict::disconnect(smtp::Reply reply, std::string_view why) {
  if (reply.code != 421 && reply.code != 521 && reply.code != 554)
    throw std::logic_error("the verdict's reply code is none that closes a connection");
  demand_class(reply, reply.code / 100);
  return {Kind::disconnect, std::move(reply), why};
}

void FilterSession::ended(const mail::Envelope&, const Ending&) {}

}  // namespace sekisho::filters
