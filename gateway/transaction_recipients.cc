// RCPT: bounds, the relay gate, the filters, and the upstream that the recipient's mail goes to.
#include <fmt/format.h>

#include "gateway/transaction.h"

namespace sekisho {

using filters::Stage;
using smtp::Reply;

Task<Reply> Transaction::add_recipient(smtp::RcptCommand command) {
  const PhaseTimer timer(record_.recipients_time);
  Reply reply = Reply::of(452, "4.5.3", "too many recipients in this transaction");
  Decider decider = Decider::limit;
  bool submitted = envelope_.submitted;
  std::optional<Refused> by_filter;
  if (envelope_.recipients.size() < static_cast<std::size_t>(session_.plan.max_recipients)) {
    auto grant = session_.snapshot.gate->decide({.policy = session_.plan.relay,
                                                 .authenticated_user = session_.peer.user,
                                                 .client = session_.peer.remote.address,
                                                 .client_is_known = session_.peer.address_known,
                                                 .listener_networks = session_.plan.networks(),
                                                 .recipient = command.recipient,
                                                 .source_route = command.source_route});
    if (grant) submitted = submitted || grant->source() != relay::RelayGrant::Source::local_domain;
    if (!grant) {
      session_.services.counters.relay_denied.add();
      reply = std::move(grant.error());
      decider = Decider::relay;
    } else if ((by_filter = co_await check(Stage::rcpt, &command.recipient))) {
      reply = by_filter->reply;
      decider = Decider::filter;
    } else if (const auto* upstreams = upstreams_for(command.recipient)) {
      reply = co_await delivery_.add_recipient(
          envelope_, upstream::Recipient(std::move(*grant), command.parameters), *upstreams);
      decider = Decider::upstream;
      if (session_.plan.chain->wants_answers())
        answers_.add(command.recipient, reply, delivery_.upstream());
      if (delivery_.answered_from_cache()) count_cached(reply);
    } else {
      reply = Reply::of(451, "4.3.5", "no mail server is set up for this recipient, try again");
      decider = Decider::gateway;
    }
  }
  if (reply.positive()) {
    session_.services.counters.recipients_accepted.add();
    envelope_.recipients.push_back(std::move(command.recipient));
    envelope_.submitted = submitted;
  } else {
    ++record_.recipients_refused;
    session_.services.counters.recipients_refused.add();
    log_refused_recipient(command.recipient, reply, decider, by_filter ? &*by_filter : nullptr);
  }
  co_return reply;
}

void Transaction::count_cached(const Reply& reply) {
  const SessionCounters& counters = session_.services.counters;
  (reply.positive() ? counters.known_from_cache : counters.unknown_from_cache).add();
}

const upstream::Upstreams* Transaction::upstreams_for(const smtp::Mailbox& recipient) const {
  const upstream::Routes& routes = *session_.snapshot.routes;
  if (!recipient_route_.empty()) return routes.to(recipient_route_);
  const auto* route = routes.find({.listener = session_.peer.listener,
                                   .user = session_.peer.user,
                                   .sender = envelope_.sender ? &*envelope_.sender : nullptr,
                                   .recipient = recipient});
  return route != nullptr ? &route->upstreams : nullptr;
}

void Transaction::log_refused_recipient(const smtp::Mailbox& recipient, const Reply& reply,
                                        Decider decider, const Refused* by_filter) {
  LogLine line("rcpt_refused");
  line.src(session_.peer.remote).add("id", envelope_.id).add("listener", session_.peer.listener);
  if (!session_.peer.user.empty()) line.add("user", session_.peer.user);
  line.add("from", fmt::format("<{}>", envelope_.sender_text()));
  line.add("rcpt", fmt::format("<{}>", recipient.to_string()));
  line.add("code", reply.code).add("class", to_string(decider));
  if (by_filter != nullptr) line.add("filter", by_filter->filter).add("why", by_filter->why);
  if (decider == Decider::upstream) {
    if (!delivery_.upstream().empty()) line.add("upstream", delivery_.upstream());
    line.add("why", delivery_.last_words());
    if (delivery_.answered_from_cache()) line.add("cached", "yes");
  }
  line.add("reply", reply.summary());
  session_.services.log.write(line);
}

}  // namespace sekisho
