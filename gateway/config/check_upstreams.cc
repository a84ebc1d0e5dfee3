// Upstreams: none may be one of our own listeners.
#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "gateway/base/text.h"
#include "gateway/config/check.h"

namespace sekisho::config {
namespace {

const IpAddress kLoopback4 = IpAddress::v4({127, 0, 0, 1});
const IpAddress kLoopback6 = IpAddress::v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});

// The addresses that a host stands for, as far as can be said without asking the DNS.
std::vector<IpAddress> addresses_of(const std::string& host) {
  if (const auto address = IpAddress::parse(host)) return {*address};
  if (iequals(host, "localhost")) return {kLoopback4, kLoopback6};
  return {};
}

bool reaches(const IpAddress& target, const IpAddress& listening) {
  if (target == listening) return true;
  // Connecting to "any" is connecting to the loopback of either family.
  if (target.is_unspecified()) return listening.is_unspecified() || listening.is_loopback();
  // A listener on every address hears the loopback too.
  return target.is_loopback() && listening.is_unspecified() && target.is_v4() == listening.is_v4();
}

// Passwords of users go there: it has to exist, and to be who it says it is.
void check_password_upstream(const CheckContext& context) {
  const std::string& name = context.settings().auth.upstream;
  if (name.empty() || context.has_error("auth.upstream")) return;
  const auto found = context.settings().upstreams.find(name);
  if (found == context.settings().upstreams.end()) {
    context.wrong("auth.upstream", fmt::format("there is no [upstream.{}]", name));
  } else if (!upstream::verifies(found->second.tls)) {
    context.wrong(
        "auth.upstream",
        fmt::format("the certificate of {} is not verified (tls = \"{}\"): passwords "
                    "would go to whoever answers in its place",
                    name, upstream::to_string(found->second.tls)),
        fmt::format("set tls = \"verify\" or \"implicit-verify\" under [upstream.{}]", name));
  }
}

}  // namespace

void check_upstreams(const CheckContext& context) {
  check_password_upstream(context);
  const Settings& settings = context.settings();
  for (const auto& [name, upstream] : settings.upstreams) {
    const std::string setting = fmt::format("upstream.{}.host", name);
    if (upstream.host.empty() || context.has_error(setting)) continue;
    for (const auto& [listener, plan] : settings.listeners)
      if (plan.address == upstream.host && !upstream.socket().empty())
        context.wrong(setting,
                      fmt::format("{} is the gateway's own [listener.{}]: mail would go in circles",
                                  upstream.host, listener),
                      "name the socket of the mail server behind the gateway");
    if (!upstream.socket().empty()) continue;
    const std::vector<IpAddress> targets = addresses_of(upstream.host);
    for (const auto& [listener, plan] : settings.listeners) {
      const auto endpoint = Endpoint::parse(plan.address);
      if (!endpoint || endpoint->port != upstream.port) continue;
      const bool own_name = iequals(upstream.host, settings.hostname);
      const bool loop = own_name || std::ranges::any_of(targets, [&](const IpAddress& target) {
                          return reaches(target, endpoint->address);
                        });
      if (!loop) continue;
      context.wrong(setting,
                    fmt::format("{} port {} is the gateway's own [listener.{}] ({}): mail would go "
                                "in circles",
                                upstream.host, upstream.port, listener, plan.address),
                    "name the mail server behind the gateway, or another port");
    }
  }
}

}  // namespace sekisho::config
