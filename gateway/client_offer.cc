#include "gateway/client_offer.h"

#include <algorithm>

#include <fmt/format.h>

#include "gateway/auth/log_in.h"

namespace sekisho {
namespace {

std::uint64_t size_limit(const Snapshot& snapshot, const upstream::Offer& upstreams) {
  const std::uint64_t ours = snapshot.settings.limits.max_message_size.count;
  return std::min(ours, upstreams.size.value_or(ours));
}

}  // namespace

std::uint64_t message_limit(const Snapshot& snapshot) {
  return size_limit(snapshot, upstream::offer_of(snapshot.upstreams));
}

smtp::Capabilities offer_to_client(const Snapshot& snapshot, const smtp::Dialog& dialog,
                                   const auth::LoginContext& login) {
  const upstream::Offer upstreams = upstream::offer_of(snapshot.upstreams);
  const auto& limits = snapshot.settings.limits;
  smtp::Capabilities ours;
  ours.pipelining = true;
  ours.eight_bit_mime = upstreams.eight_bit_mime;
  ours.enhanced_status_codes = true;
  ours.has_size = true;
  ours.size = size_limit(snapshot, upstreams);
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
      fmt::format("LIMITS RCPTMAX={} MAILMAX={}", limits.max_recipients, limits.max_messages));
  return ours;
}

std::optional<smtp::Reply> refuse_parameters(const smtp::MailParameters& parameters,
                                             const Snapshot& snapshot, const smtp::Dialog& dialog) {
  if (parameters.require_tls && !dialog.is_tls())
    return smtp::Reply::of(550, "5.7.30", "REQUIRETLS needs TLS first");
  const std::uint64_t most = message_limit(snapshot);
  if (parameters.size.value_or(0) > most)
    return smtp::Reply::of(552, "5.3.4", fmt::format("message is larger than {} bytes", most));
  return std::nullopt;
}

}  // namespace sekisho
