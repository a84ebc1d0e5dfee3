// XCLIENT: a server that the listener names tells for whom it speaks, and the session begins anew
// for that client.
#include <algorithm>
#include <utility>

#include "gateway/session.h"

namespace sekisho {

using filters::Stage;
using smtp::Reply;

// By its own address, whoever it speaks for at the moment: servers keep connections for the next
// client.
bool Session::may_speak_for_others() const {
  return speaker_.known &&
         std::ranges::any_of(plan_->settings.proxies.xclient_from, [this](const Network& network) {
           return network.contains(speaker_.remote.address);
         });
}

// Without an address the client may be anybody, and has no right of its server's.
void Session::become_announced_client() {
  const auto& address = announced_.address.value;
  const auto& destination = announced_.destination.value;
  peer_.proxy = speaker_.remote;
  peer_.remote = address ? Endpoint{*address, announced_.port.value.value_or(0)} : speaker_.remote;
  peer_.local = destination ? Endpoint{*destination, announced_.destination_port.value.value_or(0)}
                            : speaker_.local;
  peer_.address_known = address.has_value();
  peer_.in_trusted_network = address && snapshot_->gate->is_trusted_client(*address);
  peer_.name = announced_.name.value.value_or("");
  peer_.helo.clear();
  peer_.extended = false;
  peer_.user = announced_.login.value.value_or("");
  peer_.auth_method.clear();
  certificate_user_.clear();  // the certificate is the server's
}

Task<Session::End> Session::on_xclient(std::string_view argument) {
  if (!may_speak_for_others()) {
    answer(Reply::of(550, "5.7.0", "XCLIENT is not for you"));
    co_return std::nullopt;
  }
  auto said = smtp::parse_xclient(argument);
  if (said && said->login.said && !plan_->settings.proxies.xclient_login)
    said = std::unexpected(Reply::of(501, "5.5.4", "LOGIN is not taken here"));
  if (!said) {
    answer(said.error());
    co_return std::nullopt;
  }
  co_await end_transaction();
  announced_.add(std::move(*said));
  become_announced_client();
  dialog_.client_changed();
  chain_.reset();
  errors_ = deferrals_ = failed_logins_ = peer_.auth_failures = 0;
  LogLine line("xclient");
  line.src(peer_.remote).add("id", peer_.session_id).add("listener", peer_.listener);
  line.add("proxy", speaker_.remote.address.to_string());
  if (!peer_.user.empty()) line.add("user", peer_.user);
  services_.log.write(line);
  if (const auto charged = ticket_.charge(peer_.remote.address, plan_->max_connections_per_client);
      !charged) {
    answer(Reply::of(421, "4.7.0", describe(charged.error())));
    co_return "too many connections";
  }
  if (!peer_.user.empty()) {
    if (auto refused = co_await check(Stage::auth)) {
      peer_.user.clear();
      announced_.login = {};
      answer(*refused);
      co_return std::nullopt;
    }
    dialog_.authenticated();
  }
  co_return co_await greet();
}

}  // namespace sekisho
