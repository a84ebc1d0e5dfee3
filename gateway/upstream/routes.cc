#include "gateway/upstream/routes.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace sekisho::upstream {
namespace {

bool holds(const std::vector<std::string>& condition, std::string_view value) {
  return condition.empty() || std::ranges::find(condition, value) != condition.end();
}

}  // namespace

bool Route::takes(const RouteQuestion& question) const {
  return holds(settings.listeners, question.listener) && holds(settings.users, question.user) &&
         (senders.empty() || senders.contain(question.sender)) &&
         (recipients == nullptr || recipients->contains(question.recipient.domain));
}

Result<std::shared_ptr<const Routes>> Routes::create(const RouteTable& table,
                                                     const Upstreams& upstreams) {
  auto made = std::make_shared<Routes>();
  for (const auto& upstream : upstreams) made->single_[upstream->name] = {upstream};
  Upstreams unnamed = upstreams;
  for (const std::string& name : in_order(table)) {
    const RouteSettings& settings = table.at(name);
    Route route{.name = name,
                .settings = settings,
                .senders = SenderPatterns(settings.senders),
                .recipients = nullptr,
                .upstreams = {}};
    if (settings.has_recipients()) {
      auto domains = relay::DomainSet::create(
          settings.recipient_domains, settings.recipient_domains_file, relay::DomainSet::Use::any);
      if (!domains)
        return fail(domains.error().kind, fmt::format("route {}: {}", name, domains.error().text));
      route.recipients = std::move(*domains);
    }
    // In the order that `upstreams` has, so that one set of names is one group.
    const auto named = [&](const auto& upstream) {
      return std::ranges::find(settings.upstreams, upstream->name) != settings.upstreams.end();
    };
    std::ranges::copy_if(upstreams, std::back_inserter(route.upstreams), named);
    if (route.upstreams.empty())
      return fail(ErrorKind::invalid, fmt::format("route {} has no upstream", name));
    std::erase_if(unnamed, named);
    made->routes_.push_back(std::move(route));
  }
  if (!unnamed.empty())
    made->routes_.push_back({.name = {},
                             .settings = {},
                             .senders = SenderPatterns({}),
                             .recipients = nullptr,
                             .upstreams = std::move(unnamed)});
  return made;
}

const Route* Routes::find(const RouteQuestion& question) const {
  const auto found =
      std::ranges::find_if(routes_, [&](const Route& route) { return route.takes(question); });
  return found != routes_.end() ? &*found : nullptr;
}

const Upstreams* Routes::to(std::string_view upstream) const {
  const auto found = single_.find(upstream);
  return found != single_.end() ? &found->second : nullptr;
}

Result<bool> Routes::reload_if_changed() const {
  bool changed = false;
  for (const Route& route : routes_) {
    if (route.recipients == nullptr) continue;
    auto one = route.recipients->reload_if_changed();
    if (!one) return one;
    changed = changed || *one;
  }
  return changed;
}

}  // namespace sekisho::upstream
