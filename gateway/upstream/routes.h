// Routes: which group of upstreams gets a recipient's mail. Asked for each recipient; the first
// route whose conditions all hold has it. Behind the configured ones stands the default route, with
// every upstream that no route names. Part of a Snapshot; immutable but for the files of domains,
// which reload by themselves; any thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/relay/domain_set.h"
#include "gateway/smtp/address.h"
#include "gateway/upstream/route_settings.h"
#include "gateway/upstream/sender_patterns.h"
#include "gateway/upstream/upstream.h"

namespace sekisho::upstream {

struct RouteQuestion {
  std::string_view listener;
  std::string_view user;                  // empty: nobody logged in
  const smtp::Mailbox* sender = nullptr;  // null: the empty sender
  const smtp::Mailbox& recipient;
};

struct Route {
  std::string name;  // empty: the default route
  RouteSettings settings;
  SenderPatterns senders;
  std::shared_ptr<relay::DomainSet> recipients;  // null: any
  Upstreams upstreams;

  [[nodiscard]] bool takes(const RouteQuestion& question) const;
};

class Routes {
 public:
  // Reads the files of domains. The error names file:line:column, or the route.
  static Result<std::shared_ptr<const Routes>> create(const RouteTable& table,
                                                      const Upstreams& upstreams);

  // Null: no route takes it, and there is no default route.
  [[nodiscard]] const Route* find(const RouteQuestion& question) const;
  // The one upstream of that name as a group, for mail that a filter sends there; null: none is
  // configured. Lives as long as this.
  [[nodiscard]] const Upstreams* to(std::string_view upstream) const;
  // Looks whether a file of domains changed; true when its new content is in force. Reads the disk:
  // call it on the Offload pool.
  Result<bool> reload_if_changed() const;

 private:
  std::vector<Route> routes_;  // in order
  std::map<std::string, Upstreams, std::less<>> single_;
};

}  // namespace sekisho::upstream
