#include "filters/rules/fill_values.h"

#include <algorithm>

#include "filters/domain_name.h"
#include "gateway/base/text.h"

namespace sekisho::filters::rule {
namespace {

using ::sekisho::rules::facts::CivilTime;
using ::sekisho::rules::facts::MailAddress;
using ::sekisho::rules::facts::SessionValues;

std::optional<std::string> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

// As lists have domains. What is no name (an address literal) stays as it is: a domain that is in
// no list, where none at all would be neither in nor out of one.
MailAddress address_of(const smtp::Mailbox& mailbox) {
  MailAddress made;
  made.local = mailbox.local;
  made.domain = mailbox.domain;
  if (!mailbox.literal && mailbox.is_internationalized())
    if (auto name = to_a_labels(mailbox.domain)) made.domain = std::move(*name);
  made.address = made.domain.empty() ? made.local : made.local + "@" + made.domain;
  return made;
}

// The language has no word for `policy`; what a policy of ours made of a result is not the result.
std::string word(mail::AuthResult result) {
  return std::string(result == mail::AuthResult::policy ? "neutral" : mail::to_string(result));
}

// Of several signatures one that is right, else the first.
const mail::DkimFact* best_of(const std::vector<mail::DkimFact>& signatures) {
  if (signatures.empty()) return nullptr;
  const auto right = std::ranges::find(signatures, mail::AuthResult::pass, &mail::DkimFact::result);
  return right != signatures.end() ? &*right : &signatures.front();
}

}  // namespace

void fill(SessionValues& values, const mail::Peer& peer, WallTime now) {
  if (!peer.by_unix_socket()) values.client = peer.remote.address;
  values.listener = peer.listener;
  values.now = CivilTime::local(now);
  values.helo_literal = peer.helo.starts_with('[');
  if (!values.helo_literal && !peer.helo.empty()) values.helo = to_lower(peer.helo);
  values.tls = !peer.tls_version.empty();
  values.tls_version = unless_empty(peer.tls_version);
  values.tls_cipher = unless_empty(peer.tls_cipher);
  if (peer.certificate && peer.certificate->verified)
    values.tls_certificate = peer.certificate->subject;
  values.user = unless_empty(peer.user);
  values.method = unless_empty(peer.auth_method);
  values.failed_logins = static_cast<std::uint64_t>(peer.auth_failures);
}

void fill(SessionValues& values, const mail::Envelope& envelope, const smtp::Mailbox* recipient) {
  if (envelope.sender) values.sender = address_of(*envelope.sender);
  values.announced_size = envelope.parameters.size;
  for (const smtp::Mailbox& one : envelope.recipients) values.recipients.push_back(address_of(one));
  if (recipient != nullptr) values.recipients.push_back(address_of(*recipient));
}

void fill(SessionValues& values, const mail::Authentication& found) {
  const auto* spf = found.find_spf(mail::SpfFact::Identity::mail_from);
  if (spf == nullptr) spf = found.find_spf(mail::SpfFact::Identity::helo);
  if (spf != nullptr) values.spf = word(spf->result);
  if (const auto* signature = best_of(found.dkim)) {
    values.dkim = word(signature->result);
    values.dkim_domain = unless_empty(signature->domain);
  }
  if (found.dmarc) values.dmarc = word(found.dmarc->result);
}

// A refusal is one for good: whoever is deferred comes again.
void fill(SessionValues& values, const Ending& ending) {
  for (const Ending::Answer& answer : ending.answers) {
    if (answer.reply.permanent()) ++values.refused;
    if (answer.reply.positive() && ending.accepted) ++values.accepted;
  }
  if (ending.answers.empty()) return;
  const Ending::Answer& last = ending.answers.back();
  values.upstream_code = static_cast<std::uint16_t>(last.reply.code);
  values.upstream_text = last.reply.summary();
  values.upstream_name = unless_empty(last.upstream);
}

}  // namespace sekisho::filters::rule
