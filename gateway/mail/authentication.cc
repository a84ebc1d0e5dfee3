#include "gateway/mail/authentication.h"

#include <algorithm>
#include <utility>

namespace sekisho::mail {
namespace {

// A property that there is nothing to say of is left out.
void add(MethodResult& result, std::string_view type, std::string_view name,
         const std::string& value) {
  if (!value.empty()) result.properties.push_back({std::string(type), std::string(name), value});
}

MethodResult begin(std::string_view method, AuthResult result, const std::string& reason) {
  return {.method = std::string(method),
          .result = std::string(to_string(result)),
          .reason = reason,
          .properties = {}};
}

}  // namespace

std::string_view to_string(AuthResult result) {
  switch (result) {
    case AuthResult::none:
      return "none";
    case AuthResult::pass:
      return "pass";
    case AuthResult::fail:
      return "fail";
    case AuthResult::softfail:
      return "softfail";
    case AuthResult::neutral:
      return "neutral";
    case AuthResult::policy:
      return "policy";
    case AuthResult::temperror:
      return "temperror";
    case AuthResult::permerror:
      return "permerror";
  }
  return "none";
}

MethodResult SpfFact::to_method_result() const {
  MethodResult made = begin("spf", result, reason);
  add(made, "smtp", identity == Identity::helo ? "helo" : "mailfrom", address);
  return made;
}

MethodResult DkimFact::to_method_result() const {
  MethodResult made = begin("dkim", result, reason);
  add(made, "header", "d", domain);
  add(made, "header", "i", identity);
  add(made, "header", "s", selector);
  add(made, "header", "a", algorithm);
  add(made, "header", "b", signature);
  return made;
}

MethodResult DmarcFact::to_method_result() const {
  MethodResult made = begin("dmarc", result, reason);
  add(made, "header", "from", from_domain);
  add(made, "policy", "dmarc", policy);
  add(made, "policy", "disposition", disposition);
  return made;
}

MethodResult ArcFact::to_method_result() const {
  MethodResult made = begin("arc", result, reason);
  if (oldest_pass > 0) add(made, "header", "oldest-pass", std::to_string(oldest_pass));
  add(made, "header", "d", domain);
  return made;
}

const SpfFact* Authentication::find_spf(SpfFact::Identity identity) const {
  const auto found = std::ranges::find(spf, identity, &SpfFact::identity);
  return found == spf.end() ? nullptr : &*found;
}

std::vector<MethodResult> Authentication::to_method_results() const {
  std::vector<MethodResult> results;
  results.reserve(spf.size() + dkim.size() + 2);
  for (const SpfFact& fact : spf) results.push_back(fact.to_method_result());
  for (const DkimFact& fact : dkim) results.push_back(fact.to_method_result());
  if (dmarc) results.push_back(dmarc->to_method_result());
  if (arc) results.push_back(arc->to_method_result());
  return results;
}

}  // namespace sekisho::mail
