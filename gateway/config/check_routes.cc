// Routes: every name is known, every route and every upstream can get mail, and no recipient that
// we take is left without a route.
#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "gateway/base/text.h"
#include "gateway/config/check.h"
#include "gateway/config/known_filters.h"
#include "gateway/relay/domain_set.h"

namespace sekisho::config {
namespace {

using relay::DomainSet;
using upstream::RouteSettings;

template <class Table>
void check_names(const CheckContext& context, const std::string& list,
                 const std::vector<std::string>& names, const Table& table, std::string_view kind) {
  std::vector<std::string_view> known;
  for (const auto& [name, unused] : table) known.push_back(name);
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string element = fmt::format("{}[{}]", list, i);
    if (context.has_error(element)) continue;
    if (!table.contains(names[i]))
      context.missing(element, element, fmt::format("there is no table [{}.{}]", kind, names[i]),
                      suggest(names[i], known));
    else if (!seen.insert(names[i]).second)
      context.wrong(element, fmt::format("\"{}\" is in the list twice", names[i]),
                    "take one of them out");
  }
}

// The first route before `name` that leaves it nothing.
void check_reached(const CheckContext& context, const std::vector<std::string>& order) {
  const auto& routes = context.settings().routes;
  for (auto later = order.begin(); later != order.end(); ++later) {
    const auto earlier = std::find_if(order.begin(), later, [&](const std::string& name) {
      return routes.at(name).covers(routes.at(*later));
    });
    if (earlier == later) continue;
    context.wrong(
        "route." + *later,
        fmt::format("gets no mail: [route.{}] is asked first and takes all of it", *earlier),
        fmt::format("give it an `order` below {}, or take it out", routes.at(*earlier).order));
  }
}

class RouteCheck {
 public:
  explicit RouteCheck(const CheckContext& context)
      : context_(context), routes_(context.settings().routes) {}

  void run() {
    check_lists();
    if (context_.has_error("route") || !context_.complete()) return;
    check_reached(context_, upstream::in_order(routes_));
    if (context_.has_error("route")) return;
    if (const RouteSettings* last = last_route())
      check_unused(*last);
    else if (!has_default())
      check_all_routed();
  }

 private:
  void check_lists() {
    const Settings& settings = context_.settings();
    for (const auto& [name, route] : routes_) {
      const std::string table = "route." + name;
      check_names(context_, table + ".upstreams", route.upstreams, settings.upstreams, "upstream");
      check_names(context_, table + ".listeners", route.listeners, settings.listeners, "listener");
      if (!route.has_recipients() || context_.has_error(table)) continue;
      auto domains = DomainSet::create(route.recipient_domains, route.recipient_domains_file,
                                       DomainSet::Use::any);
      if (domains)
        domains_.emplace(name, std::move(*domains));
      else
        context_.wrong(table + ".recipient_domains_file", domains.error().text);
    }
  }

  [[nodiscard]] bool named(const std::string& upstream) const {
    return std::ranges::any_of(routes_, [&](const auto& entry) {
      return std::ranges::find(entry.second.upstreams, upstream) != entry.second.upstreams.end();
    });
  }
  [[nodiscard]] const RouteSettings* last_route() const {
    const auto found = std::ranges::find_if(
        routes_, [](const auto& entry) { return entry.second.unconditional(); });
    return found != routes_.end() ? &found->second : nullptr;
  }
  [[nodiscard]] bool has_default() const {
    return std::ranges::any_of(context_.settings().upstreams,
                               [&](const auto& entry) { return !named(entry.first); });
  }

  void check_unused(const RouteSettings& last) {
    for (const auto& [name, unused] : context_.settings().upstreams)
      if (!named(name))
        context_.wrong("upstream." + name,
                       fmt::format("gets no mail: no route names it, and the route with order {} "
                                   "has no condition and takes what the others leave",
                                   last.order),
                       "name it in a route, or take it out");
  }

  // Does a route take all mail of `listener` to `domain`, whoever sends it?
  [[nodiscard]] bool routed(const std::string& listener, std::string_view domain) const {
    return std::ranges::any_of(routes_, [&](const auto& entry) {
      const auto& [name, route] = entry;
      if (!route.users.empty() || !route.senders.empty()) return false;
      if (!route.listeners.empty() &&
          std::ranges::find(route.listeners, listener) == route.listeners.end())
        return false;
      return !route.has_recipients() || (!domain.empty() && domains_.at(name)->contains(domain));
    });
  }

  void check_all_routed() {
    const Settings& settings = context_.settings();
    const std::string remedy =
        "add a route without conditions as the last one, or an upstream that no route names";
    for (const auto& [listener, plan] : settings.listeners) {
      if (routed(listener, {})) continue;
      if (plan.profile != Profile::mx) {
        context_.wrong(fmt::format("listener.{}", listener),
                       "takes mail to any domain, and no route takes what the others leave",
                       remedy);
        continue;
      }
      for (std::size_t i = 0; i < settings.relay.domains.size(); ++i)
        check_domain(listener, i, remedy);
      if (!settings.relay.domains_file.empty())
        context_.warn("relay.domains_file",
                      "a domain that it names and no route does will be refused with 451", remedy);
    }
  }

  void check_domain(const std::string& listener, std::size_t index, const std::string& remedy) {
    const std::string& entry = context_.settings().relay.domains[index];
    const std::string setting = fmt::format("relay.domains[{}]", index);
    if (context_.has_error(setting)) return;
    // Any name below it stands for "*.example.com".
    const std::string domain = to_lower(entry.starts_with("*.") ? "any." + entry.substr(2) : entry);
    if (!routed(listener, domain))
      context_.wrong(setting, fmt::format("\"{}\" has no route for all of its mail", entry),
                     remedy);
  }

  const CheckContext& context_;
  const upstream::RouteTable& routes_;
  std::map<std::string, std::shared_ptr<DomainSet>> domains_;  // of routes that name any
};

}  // namespace

void check_routes(const CheckContext& context) {
  if (!context.settings().routes.empty()) RouteCheck(context).run();
}

}  // namespace sekisho::config
