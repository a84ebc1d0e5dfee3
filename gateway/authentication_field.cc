#include "gateway/authentication_field.h"

#include <algorithm>
#include <string>

#include "gateway/base/text.h"

namespace sekisho {
namespace {

constexpr const char* kField = "Authentication-Results";

}  // namespace

void edit_authentication_results(const AuthenticationFieldInput& input,
                                 const mail::Headers& headers, mail::HeaderEdits& edits) {
  const std::string id(config::authserv_id(input.snapshot.settings));
  const auto is_ours = [id](std::string_view value) { return mail::claims_authserv_id(value, id); };
  const bool answers = input.plan.chain->authenticates();
  const bool own_host = input.peer.in_trusted_network && !input.peer.authenticated();
  if (answers || !own_host) {
    const auto forged = [&](const mail::HeaderField& field) {
      return iequals(field.name, kField) && is_ours(field.value);
    };
    // Asked first: a message that needs no edit keeps every byte.
    if (std::ranges::any_of(headers.fields(), forged)) edits.remove(kField, is_ours);
  }
  if (input.found.empty()) return;
  edits.prepend(kField, mail::to_field_value({id, input.found.to_method_results()}));
}

}  // namespace sekisho
