#include "gateway/mail/received.h"

#include <algorithm>

#include "gateway/base/encode.h"
#include "gateway/base/text.h"

namespace sekisho::mail {
namespace {

// A word of the field outside comments: what has a meaning in the grammar becomes '?' as well.
std::string word(std::string_view bytes) {
  std::string out = encode_for_header(bytes);
  for (char& c : out) {
    if (std::string_view(" \t;,<>\"@").contains(c)) c = '?';
  }
  return out.empty() ? "unknown" : out;
}

// RFC 3848 has words for ESMTP and LMTP only; RFC 6531 section 4.3 adds those for SMTPUTF8.
std::string protocol(const Peer& peer, bool smtp_utf8) {
  if (!peer.extended) return "SMTP";
  std::string out = smtp_utf8 ? peer.lmtp ? "UTF8LMTP" : "UTF8SMTP" : peer.lmtp ? "LMTP" : "ESMTP";
  if (!peer.tls_version.empty()) out += 'S';
  if (peer.authenticated()) out += 'A';
  return out;
}

bool printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 32 && c < 127; });
}

// The token as a word of its own, so that one token can't be the end of another.
bool holds_token(std::string_view text, std::string_view token) {
  const auto apart = [&](std::size_t at) { return at >= text.size() || !is_alnum(text[at]); };
  for (std::size_t at = text.find(token); at != std::string_view::npos;
       at = text.find(token, at + 1)) {
    if ((at == 0 || apart(at - 1)) && apart(at + token.size())) return true;
  }
  return false;
}

}  // namespace

std::string received_field(const Peer& peer, const Envelope& envelope,
                           const ReceivedOptions& options, WallTime now) {
  std::string out = "Received: from ";
  const bool hidden = options.hide_client && peer.authenticated();
  if (hidden) {
    out += "authenticated-client";
  } else {
    out += word(peer.helo) + " (";
    if (!peer.name.empty()) out += word(peer.name) + " ";
    // TCP-info of RFC 5321 section 4.4 has no words for what is no TCP: a comment.
    out +=
        peer.by_unix_socket() ? "by Unix socket" : "[" + peer.remote.address.smtp_literal() + "]";
    out += ")";
  }
  out += "\r\n\tby " + word(options.hostname) + " (Sekisho";
  if (!options.loop_token.empty()) out += " " + encode_for_header(options.loop_token);
  out += ")\r\n\twith " + protocol(peer, envelope.parameters.smtp_utf8);
  if (!peer.tls_version.empty()) {
    out += " (" + encode_for_header(peer.tls_version);
    if (!peer.tls_cipher.empty()) out += " cipher " + encode_for_header(peer.tls_cipher);
    // What an unverified one says of itself is no fact to put on record.
    if (peer.certificate && !hidden) {
      out += peer.certificate->verified
                 ? " client certificate " + encode_for_header(peer.certificate->subject)
                 : " client certificate not verified";
    }
    out += ")";
  }
  out += "\r\n\tid " + word(envelope.id);
  if (envelope.recipients.size() == 1) {
    const std::string recipient = envelope.recipients.front().to_string();
    if (printable(recipient)) out += "\r\n\tfor <" + recipient + ">";
  }
  out += ";\r\n\t" + rfc5322_date(now) + "\r\n";
  return out;
}

std::string loop_reason(const Headers& headers, std::size_t max, std::size_t max_own,
                        std::string_view loop_token) {
  std::size_t all = 0;
  std::size_t own = 0;
  const std::string token = encode_for_header(loop_token);
  for (const HeaderField& field : headers.fields()) {
    if (!iequals(field.name, "Received")) continue;
    ++all;
    if (!token.empty() && holds_token(Headers::unfold(field.value), token)) ++own;
  }
  if (all > max) {
    return "too many Received fields (" + std::to_string(all) + ", at most " + std::to_string(max) +
           ")";
  }
  if (own > max_own) {
    return "passed through this gateway " + std::to_string(own) + " times (at most " +
           std::to_string(max_own) + ")";
  }
  return {};
}

}  // namespace sekisho::mail
