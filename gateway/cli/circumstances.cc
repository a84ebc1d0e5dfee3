#include "gateway/cli/circumstances.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "gateway/base/text.h"
#include "gateway/mail/address_list.h"
#include "gateway/mail/headers.h"
#include "rules/check/type.h"

namespace sekisho::cli {
namespace {

// To whom a message goes that names nobody.
constexpr std::string_view kNobody = "postmaster@recipient.example";
constexpr std::size_t kMaxRecipients = 100;

std::string_view without_brackets(std::string_view address) {
  if (address.starts_with('<') && address.ends_with('>') && address.size() >= 2) {
    return address.substr(1, address.size() - 2);
  }
  return address;
}

Result<std::string> address(std::string_view option, std::string_view written) {
  const auto read = rules::read_constant(rules::Type::address, without_brackets(written));
  if (read) return std::string(without_brackets(written));
  return fail(ErrorKind::invalid,
              fmt::format("{}: \"{}\" {}", option, written,
                          read.error().text.substr(0, read.error().text.find('\n'))));
}

std::vector<std::string> addresses_in(const mail::Headers& headers, std::string_view name) {
  std::vector<std::string> out;
  for (const auto& field : headers.fields()) {
    if (!iequals(field.name, name)) {
      continue;
    }
    const auto list = mail::parse_address_list(field.value);
    if (!list) continue;
    for (const auto& one : *list) out.push_back(one.mailbox.to_string());
  }
  return out;
}

}  // namespace

Result<rules::testing::Circumstances> circumstances(const SenderOfMessage& who) {
  rules::testing::Circumstances out;
  const auto client = IpAddress::parse(who.client);
  if (!client) {
    return fail(ErrorKind::invalid, fmt::format("--ip: \"{}\" is not an IP address", who.client));
  }
  out.client = *client;
  const auto& words = rules::words_of(rules::Type::verdict);
  for (const auto& [option, word] : {std::pair{"--spf", &who.spf}, std::pair{"--dkim", &who.dkim},
                                     std::pair{"--dmarc", &who.dmarc}}) {
    if (std::ranges::find(words, *word) != words.end()) continue;
    return fail(ErrorKind::invalid,
                fmt::format("{}: \"{}\" is none of {}", option, *word, fmt::join(words, ", ")));
  }
  if (who.from && !without_brackets(*who.from).empty()) {
    auto sender = address("--from", *who.from);
    if (!sender) return std::unexpected(sender.error());
    out.sender = std::move(*sender);
  }
  for (const auto& one : who.recipients) {
    auto recipient = address("--rcpt", one);
    if (!recipient) return std::unexpected(recipient.error());
    out.recipients.push_back(std::move(*recipient));
  }
  out.helo = who.helo;
  out.listener = who.listener;
  out.server_name = "gateway.example";
  out.user = who.user;
  out.tls = who.tls;
  out.spf = who.spf;
  out.dkim = who.dkim;
  out.dmarc = who.dmarc;
  out.now = rules::facts::CivilTime::local(std::chrono::system_clock::now());
  return out;
}

rules::testing::Circumstances circumstances_of(std::string_view message,
                                               const rules::testing::Circumstances& said,
                                               const SenderOfMessage& who) {
  auto out = said;
  if (who.from && !out.recipients.empty()) return out;
  const auto headers = mail::Headers::parse(message);
  if (!who.from) {
    auto senders = addresses_in(headers, "Return-Path");
    if (senders.empty()) senders = addresses_in(headers, "From");
    if (!senders.empty()) out.sender = senders.front();
  }
  if (out.recipients.empty()) {
    out.recipients = addresses_in(headers, "To");
    for (auto& one : addresses_in(headers, "Cc")) out.recipients.push_back(std::move(one));
    if (out.recipients.empty()) out.recipients.emplace_back(kNobody);
    if (out.recipients.size() > kMaxRecipients) out.recipients.resize(kMaxRecipients);
  }
  return out;
}

}  // namespace sekisho::cli
