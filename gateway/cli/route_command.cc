// `sekisho route`: which way a message would go.
#include <cstdio>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "gateway/base/encode.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/exit_code.h"
#include "gateway/cli/loading.h"
#include "gateway/upstream/routes.h"

namespace sekisho::cli {
namespace {

int complain(std::string_view what) {
  fmt::print(stderr, "sekisho route: {}\n", what);
  return kErrors;
}

void print_route(const std::string& recipient, const upstream::Route* route, bool inbox) {
  const std::string name = encode_for_log(recipient);
  if (route == nullptr) {
    fmt::print("<{}>: {}\n", name,
               inbox ? "the capture inbox" : "no route: refused with 451 4.3.5");
    return;
  }
  fmt::print("<{}>: {}\n", name,
             route->name.empty() ? "the default route" : fmt::format("[route.{}]", route->name));
  for (const auto& upstream : route->upstreams)
    fmt::print("  {} {}{} priority {} weight {}\n", upstream->name, upstream->settings.place(),
               upstream->settings.protocol == upstream::Protocol::lmtp ? " lmtp" : "",
               upstream->settings.priority, upstream->settings.weight);
}

}  // namespace

int show_route(const RouteWish& wish, const std::filesystem::path& config_file) {
  const auto loaded = load_or_complain(config::load, config_file);
  if (!loaded) return kErrors;
  const config::Settings& settings = loaded->settings;
  if (!wish.listener.empty() && !settings.listeners.contains(wish.listener))
    return complain(fmt::format("there is no [listener.{}]", wish.listener));
  std::optional<smtp::Mailbox> sender;
  if (!wish.sender.empty() && wish.sender != "<>") {
    auto parsed = smtp::parse_mailbox(wish.sender, true);
    if (!parsed) return complain("--from: " + parsed.error().text);
    sender = std::move(*parsed);
  }
  auto upstreams = upstream::make_upstreams(settings.upstreams, settings.hostname);
  if (!upstreams) return complain(upstreams.error().text);
  auto routes = upstream::Routes::create(settings.routes, *upstreams);
  if (!routes) return complain(routes.error().text);
  for (const std::string& text : wish.recipients) {
    auto recipient = smtp::parse_mailbox(text, true);
    if (!recipient) return complain("--to: " + recipient.error().text);
    print_route(text,
                (*routes)->find({.listener = wish.listener,
                                 .user = wish.user,
                                 .sender = sender ? &*sender : nullptr,
                                 .recipient = *recipient}),
                settings.upstreams.empty());
  }
  return kDone;
}

}  // namespace sekisho::cli
