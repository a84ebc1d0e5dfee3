#include "rules/facts/session_facts.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sekisho::rules::facts {
namespace {

using engine::Fact;
using Out = std::vector<Fact>;
using Getter = void (*)(const SessionValues&, Out&);
using RecipientGetter = void (*)(const MailAddress&, Out&);

void put(Out& out, const std::optional<std::string>& text) {
  if (text) out.emplace_back(std::string_view(*text));
}
void put(Out& out, const std::string& text) {
  if (!text.empty()) out.emplace_back(std::string_view(text));
}
void number(Out& out, std::uint64_t value) { out.emplace_back(static_cast<double>(value)); }

Network network_of(const IpAddress& client) {
  auto network =
      Network::parse(client.is_v4() ? client.to_string() : client.client_key().to_string() + "/64");
  return network ? *network : Network{};
}

// clang-format off
constexpr std::array<std::pair<std::string_view, Getter>, 35> kGetters = {{
    {"client.ip", [](const SessionValues& s, Out& out) { if (s.client) out.emplace_back(*s.client); }},
    {"client.network", [](const SessionValues& s, Out& out) { if (s.client) out.emplace_back(network_of(*s.client)); }},
    {"client.rdns", [](const SessionValues& s, Out& out) { put(out, s.rdns); }},
    {"client.country", [](const SessionValues& s, Out& out) { put(out, s.country); }},
    {"client.asn", [](const SessionValues& s, Out& out) { if (s.asn) number(out, *s.asn); }},
    {"listener", [](const SessionValues& s, Out& out) { put(out, s.listener); }},
    {"server.name", [](const SessionValues& s, Out& out) { put(out, s.server_name); }},
    {"time", [](const SessionValues& s, Out& out) { out.emplace_back(s.now.minute); }},
    {"time.weekday", [](const SessionValues& s, Out& out) { if (!s.now.weekday.empty()) out.emplace_back(s.now.weekday); }},
    {"time.date", [](const SessionValues& s, Out& out) { out.emplace_back(s.now.day); }},
    {"helo", [](const SessionValues& s, Out& out) { put(out, s.helo); }},
    {"helo.literal", [](const SessionValues& s, Out& out) { out.emplace_back(s.helo_literal); }},
    {"tls", [](const SessionValues& s, Out& out) { out.emplace_back(s.tls); }},
    {"tls.version", [](const SessionValues& s, Out& out) { put(out, s.tls_version); }},
    {"tls.cipher", [](const SessionValues& s, Out& out) { put(out, s.tls_cipher); }},
    {"tls.cert", [](const SessionValues& s, Out& out) { put(out, s.tls_certificate); }},
    {"authenticated", [](const SessionValues& s, Out& out) { out.emplace_back(s.user.has_value()); }},
    {"auth.user", [](const SessionValues& s, Out& out) { put(out, s.user); }},
    {"auth.method", [](const SessionValues& s, Out& out) { put(out, s.method); }},
    {"auth.failures", [](const SessionValues& s, Out& out) { number(out, s.failed_logins); }},
    {"mail.from", [](const SessionValues& s, Out& out) { if (s.sender) put(out, s.sender->address); }},
    {"mail.from.domain", [](const SessionValues& s, Out& out) { if (s.sender) put(out, s.sender->domain); }},
    {"mail.from.local", [](const SessionValues& s, Out& out) { if (s.sender) put(out, s.sender->local); }},
    {"mail.size", [](const SessionValues& s, Out& out) { if (s.announced_size) out.emplace_back(*s.announced_size); }},
    {"spf", [](const SessionValues& s, Out& out) { put(out, s.spf); }},
    {"rcpt.count", [](const SessionValues& s, Out& out) { number(out, s.recipients.size()); }},
    {"dkim", [](const SessionValues& s, Out& out) { put(out, s.dkim); }},
    {"dkim.domain", [](const SessionValues& s, Out& out) { put(out, s.dkim_domain); }},
    {"dmarc", [](const SessionValues& s, Out& out) { put(out, s.dmarc); }},
    {"upstream.code", [](const SessionValues& s, Out& out) { if (s.upstream_code) number(out, *s.upstream_code); }},
    {"upstream.text", [](const SessionValues& s, Out& out) { put(out, s.upstream_text); }},
    {"upstream.name", [](const SessionValues& s, Out& out) { put(out, s.upstream_name); }},
    {"accepted", [](const SessionValues& s, Out& out) { number(out, s.accepted); }},
    {"refused", [](const SessionValues& s, Out& out) { number(out, s.refused); }},
    {"tags", [](const SessionValues&, Out&) {}},  // State has them
}};
constexpr std::array<std::pair<std::string_view, RecipientGetter>, 3> kRecipientGetters = {{
    {"rcpt", [](const MailAddress& one, Out& out) { put(out, one.address); }},
    {"rcpt.domain", [](const MailAddress& one, Out& out) { put(out, one.domain); }},
    {"rcpt.local", [](const MailAddress& one, Out& out) { put(out, one.local); }},
}};
// clang-format on

struct Source {
  Getter session = nullptr;
  RecipientGetter recipient = nullptr;
};

// By the place in all_values(), so that no name is compared in an evaluation.
const std::vector<Source>& sources() {
  static const std::vector<Source> all = [] {
    std::vector<Source> made;
    for (const auto& value : all_values()) {
      Source source;
      const auto* one =
          std::ranges::find(kGetters, value.name, &std::pair<std::string_view, Getter>::first);
      if (one != kGetters.end()) source.session = one->second;
      for (const auto& [name, getter] : kRecipientGetters) {
        if (name == value.name) source.recipient = getter;
      }
      made.push_back(source);
    }
    return made;
  }();
  return all;
}

bool is_recipient(const ItemInfo& item) { return item.name == "rcpt"; }

}  // namespace

void SessionFacts::values(const ValueInfo& value, const engine::ItemRef* item, Out& out) const {
  const auto& source = sources()[static_cast<std::size_t>(&value - all_values().data())];
  if (source.session != nullptr) {
    source.session(session_, out);
  } else if (source.recipient != nullptr) {
    const auto& all = session_.recipients;
    const bool named = item != nullptr && item->item != nullptr && is_recipient(*item->item);
    if (all.empty() || (named && item->index >= all.size())) return;
    source.recipient(named ? all[item->index] : all.back(), out);
  } else if (message_ != nullptr) {
    message_->values(value, item, out);
  }
}

void SessionFacts::header(std::string_view name, Out& out) const {
  if (message_ != nullptr) message_->header(name, out);
}

std::size_t SessionFacts::count(const ItemInfo& item, const ValueInfo* of) const {
  if (is_recipient(item)) return session_.recipients.size();
  return message_ != nullptr ? message_->count(item, of) : 0;
}

std::optional<engine::Answer> SessionFacts::answered(const Condition& atom,
                                                     const engine::ItemRef* item) const {
  return message_ != nullptr ? message_->answered(atom, item) : std::nullopt;
}

std::optional<std::vector<engine::Answer>> SessionFacts::patterns(std::size_t index) const {
  return message_ != nullptr ? message_->patterns(index) : std::nullopt;
}

std::string SessionFacts::matched(const Condition& atom, const engine::ItemRef* item) const {
  return message_ != nullptr ? message_->matched(atom, item) : std::string{};
}

}  // namespace sekisho::rules::facts
