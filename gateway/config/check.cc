#include "gateway/config/check.h"

#include <utility>

#include <fmt/format.h>

#include "gateway/base/text.h"
#include "gateway/smtp/address.h"

namespace sekisho::config {
namespace {

void check_hostname(const CheckContext& context) {
  const std::string& name = context.settings().hostname;
  const bool valid = smtp::parse_domain(name).has_value() && !IpAddress::parse(name);
  if (!valid) {
    context.wrong("hostname", fmt::format("\"{}\" is not a host name", name),
                  "write the gateway's full name, such as \"mail.example.com\"");
  } else if (name.find('.') == std::string::npos && context.complete()) {
    context.warn("hostname",
                 fmt::format("\"{}\" is not a full name: other servers may refuse such a greeting "
                             "(RFC 5321 section 2.3.5)",
                             name),
                 "set hostname = \"mail.example.com\"");
  }
}

void check_authserv_id(const CheckContext& context) {
  const std::string& id = context.settings().authserv_id;
  if (!id.empty() && !smtp::parse_domain(id))
    context.wrong("authserv_id", fmt::format("\"{}\" is not a host name", id),
                  "take the line out to use the hostname");
}

}  // namespace

Place CheckContext::place(std::string_view setting) const {
  const auto bracket = setting.rfind('[');
  const auto index = bracket == std::string_view::npos || !setting.ends_with(']')
                         ? std::nullopt
                         : parse_uint(setting.substr(bracket + 1, setting.size() - bracket - 2));
  std::string_view path = index ? setting.substr(0, bracket) : setting;
  if (const Node* node = document_.root.find(path)) {
    return index && *index < node->items.size() ? node->items[*index].place : node->place;
  }
  for (auto dot = path.rfind('.'); dot != std::string_view::npos; dot = path.rfind('.')) {
    path = path.substr(0, dot);
    if (const Node* node = document_.root.find(path)) return node->place;
  }
  return document_.whole();
}

void CheckContext::wrong(std::string_view setting, std::string_view why, std::string hint) const {
  problems_.error(setting, place(setting), fmt::format("{}: {}", setting, why), std::move(hint));
}

void CheckContext::warn(std::string_view setting, std::string_view why, std::string hint) const {
  problems_.warning(place(setting), fmt::format("{}: {}", setting, why), std::move(hint));
}

void CheckContext::missing(std::string_view setting, std::string_view needed_by,
                           std::string_view why, std::string hint) const {
  problems_.missing(setting, place(needed_by), fmt::format("{}: {}", needed_by, why),
                    std::move(hint));
}

void check(const Settings& settings, const Document& document, Problems& problems) {
  const CheckContext context(settings, document, problems);
  check_hostname(context);
  check_authserv_id(context);
  check_listeners(context);
  check_filters(context);
  check_upstreams(context);
  check_routes(context);
  check_files(context);
}

}  // namespace sekisho::config
