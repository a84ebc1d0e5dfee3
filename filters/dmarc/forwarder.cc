#include "filters/dmarc/forwarder.h"

#include <algorithm>

#include "filters/arc/chain.h"
#include "gateway/base/text.h"

namespace sekisho::dmarc {

bool vouched_for(const mail::Headers& headers, const mail::Authentication& authentication,
                 const std::vector<std::string>& trusted, std::string_view from_domain) {
  const auto& arc = authentication.arc;
  if (!arc || arc->result != mail::AuthResult::pass) return false;
  if (std::ranges::find(trusted, arc->domain) == trusted.end()) return false;
  const arc::Chain chain = arc::read_chain(headers);
  if (chain.sets.empty() || !chain.flaw.empty()) return false;
  const auto results = arc::results_of(chain.sets.back());
  if (!results) return false;
  return std::ranges::any_of(results->results, [&](const mail::MethodResult& result) {
    return result.method == "dmarc" && result.result == "pass" &&
           std::ranges::any_of(result.properties, [&](const mail::ResultProperty& property) {
             return property.type == "header" && property.name == "from" &&
                    iequals(property.value, from_domain);
           });
  });
}

}  // namespace sekisho::dmarc
