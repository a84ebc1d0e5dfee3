#include "gateway/client_offer.h"

#include <algorithm>

#include <fmt/format.h>

#include "gateway/auth/log_in.h"
#include "gateway/smtp/xclient.h"

namespace sekisho {
namespace {

std::uint64_t size_limit(const ListenerPlan& plan, const upstream::Offer& upstreams) {
  const std::uint64_t ours = plan.max_message_size;
  return std::min(ours, upstreams.size.value_or(ours));
}

}  // namespace

std::uint64_t message_limit(const Snapshot& snapshot, const ListenerPlan& plan) {
  return size_limit(plan, upstream::offer_of(snapshot.upstreams));
}

smtp::Capabilities offer_to_client(const Snapshot& snapshot, const ListenerPlan& plan,
                                   const smtp::Dialog& dialog, const auth::LoginContext& login) {
  const upstream::Offer upstreams = upstream::offer_of(snapshot.upstreams);
  const auto& limits = snapshot.settings.limits;
  smtp::Capabilities ours;
  ours.pipelining = true;
  ours.eight_bit_mime = upstreams.eight_bit_mime;
  ours.enhanced_status_codes = true;
  ours.has_size = true;
  ours.size = size_limit(plan, upstreams);
  ours.starttls = dialog.starttls_possible();
  ours.smtp_utf8 = upstreams.smtp_utf8 && upstreams.eight_bit_mime;  // RFC 6531 section 3.1
  ours.dsn = upstreams.dsn;
  ours.chunking = true;  // whatever the upstreams have: the message goes on by DATA
  ours.binary_mime = upstreams.binary_mime;
  ours.require_tls = upstreams.require_tls && dialog.is_tls();
  if (dialog.auth_possible() && !dialog.is_authenticated())
    ours.auth = auth::offered_mechanisms(*snapshot.authenticator, login);
  // RFC 9422.
  ours.others.push_back(
      fmt::format("LIMITS RCPTMAX={} MAILMAX={}", plan.max_recipients, limits.max_messages));
  return ours;
}

std::string xclient_keyword(const config::ProxySettings& settings) {
  std::string keyword = fmt::format("XCLIENT {}", smtp::kXclientAttributes);
  if (settings.xclient_login) keyword += fmt::format(" {}", smtp::kXclientLogin);
  return keyword;
}

std::optional<smtp::Reply> refuse_parameters(const smtp::MailParameters& parameters,
                                             const Snapshot& snapshot, const ListenerPlan& plan,
                                             const smtp::Dialog& dialog) {
  if (parameters.require_tls && !dialog.is_tls())
    return smtp::Reply::of(550, "5.7.30", "REQUIRETLS needs TLS first");
  const std::uint64_t most = message_limit(snapshot, plan);
  if (parameters.size.value_or(0) > most)
    return smtp::Reply::of(552, "5.3.4", fmt::format("message is larger than {} bytes", most));
  return std::nullopt;
}

}  // namespace sekisho
