#include "rules/check/values.h"

#include <algorithm>
#include <array>

namespace sekisho::rules {
namespace {

constexpr auto kConnect = Stage::connect;
constexpr auto kHelo = Stage::helo;
constexpr auto kAuth = Stage::auth;
constexpr auto kMail = Stage::mail;
constexpr auto kRcpt = Stage::rcpt;
constexpr auto kMessage = Stage::message;
constexpr auto kOutcome = Stage::outcome;

constexpr std::array kValues = {
    ValueInfo{"client.ip", Type::ip, kConnect, "", false, false, "the client's address"},
    ValueInfo{"client.network", Type::network, kConnect, "", false, false,
              "the address itself for IPv4, its /64 for IPv6"},
    ValueInfo{"client.rdns", Type::domain, kConnect, "", false, false,
              "the name of the address, where the name has the address too"},
    ValueInfo{"client.country", Type::country, kConnect, "", false, false,
              "by the country database"},
    ValueInfo{"client.asn", Type::number, kConnect, "", false, false,
              "the number of the autonomous system"},
    ValueInfo{"listener", Type::word, kConnect, "", false, false, "the listener's name"},
    ValueInfo{"server.name", Type::domain, kConnect, "", false, false, "our own name"},
    ValueInfo{"time", Type::clock, kConnect, "", false, false, "the time of day here"},
    ValueInfo{"time.weekday", Type::weekday, kConnect, "", false, false,
              "the day of the week here"},
    ValueInfo{"time.date", Type::date, kConnect, "", false, false, "today"},
    ValueInfo{"tags", Type::text, kConnect, "", true, false, "what earlier rules tagged"},
    ValueInfo{"helo", Type::domain, kHelo, "", false, false,
              "the name that the client said; absent where it is an address"},
    ValueInfo{"helo.literal", Type::boolean, kHelo, "", false, false,
              "the client said an address instead of a name"},
    ValueInfo{"tls", Type::boolean, kHelo, "", false, false, "the connection is encrypted"},
    ValueInfo{"tls.version", Type::text, kHelo, "", false, false, "\"TLSv1.3\""},
    ValueInfo{"tls.cipher", Type::text, kHelo, "", false, false, "as OpenSSL names it"},
    ValueInfo{"tls.cert", Type::text, kHelo, "", false, false,
              "the subject of the client's verified certificate"},
    ValueInfo{"authenticated", Type::boolean, kAuth, "", false, false, "the client logged in"},
    ValueInfo{"auth.user", Type::user, kAuth, "", false, false, "who logged in"},
    ValueInfo{"auth.method", Type::text, kAuth, "", false, false, "\"SCRAM-SHA-256\""},
    ValueInfo{"auth.failures", Type::number, kAuth, "", false, false,
              "log-ins that failed in this session"},
    ValueInfo{"mail.from", Type::address, kMail, "", false, false,
              "the envelope sender; absent for <>"},
    ValueInfo{"mail.from.domain", Type::domain, kMail, "", false, false, ""},
    ValueInfo{"mail.from.local", Type::text, kMail, "", false, false, "what stands before the @"},
    ValueInfo{"mail.size", Type::size, kMail, "", false, false, "as the client announced it"},
    ValueInfo{"spf", Type::verdict, kMail, "", false, false, "RFC 7208"},
    ValueInfo{"rcpt", Type::address, kRcpt, "rcpt", false, false, "a recipient"},
    ValueInfo{"rcpt.domain", Type::domain, kRcpt, "rcpt", false, false, ""},
    ValueInfo{"rcpt.local", Type::text, kRcpt, "rcpt", false, false, "what stands before the @"},
    ValueInfo{"rcpt.count", Type::number, kRcpt, "", false, false, "recipients so far"},
    ValueInfo{"subject", Type::text, kMessage, "", false, false, "decoded"},
    ValueInfo{"text", Type::text, kMessage, "", false, false,
              "what a reader sees of the text parts, HTML rendered"},
    ValueInfo{"text.card_numbers", Type::text, kMessage, "", true, false,
              "payment card numbers whose checksum is right"},
    ValueInfo{"text.card_numbers.masked", Type::text, kMessage, "", false, false,
              "the first of them, all but four digits hidden"},
    ValueInfo{"text.ibans", Type::text, kMessage, "", true, false,
              "account numbers whose checksum is right"},
    ValueInfo{"text.ibans.masked", Type::text, kMessage, "", false, false,
              "the first of them, most of it hidden"},
    ValueInfo{"html", Type::text, kMessage, "", false, false, "the HTML parts as they are"},
    ValueInfo{"source", Type::text, kMessage, "", false, false, "text parts, transfer-decoded"},
    ValueInfo{"raw", Type::text, kMessage, "", false, false, "the whole message as it came"},
    ValueInfo{"message.size", Type::size, kMessage, "", false, false, ""},
    ValueInfo{"message.hash", Type::hash, kMessage, "", false, false, "SHA-256 of the body"},
    ValueInfo{"message.id", Type::text, kMessage, "", false, false, ""},
    ValueInfo{"header.from", Type::address, kMessage, "", true, false, "the addresses of From"},
    ValueInfo{"header.from.domain", Type::domain, kMessage, "", false, false,
              "of the only address in From; absent where there are several"},
    ValueInfo{"header.to", Type::address, kMessage, "", true, false, ""},
    ValueInfo{"header.cc", Type::address, kMessage, "", true, false, ""},
    ValueInfo{"header.reply_to", Type::address, kMessage, "", true, false, ""},
    ValueInfo{"header.sender", Type::address, kMessage, "", true, false, ""},
    ValueInfo{"header.date", Type::date, kMessage, "", false, false, "the day in Date"},
    ValueInfo{"dkim", Type::verdict, kMessage, "", false, false, "RFC 6376: the best signature"},
    ValueInfo{"dkim.domain", Type::domain, kMessage, "", false, false, "of that signature"},
    ValueInfo{"dmarc", Type::verdict, kMessage, "", false, false, "RFC 7489"},
    ValueInfo{"address", Type::address, kMessage, "address", false, false,
              "one address of a field"},
    ValueInfo{"address.domain", Type::domain, kMessage, "address", false, false, ""},
    ValueInfo{"address.local", Type::text, kMessage, "address", false, false, ""},
    ValueInfo{"address.name", Type::text, kMessage, "address", false, false,
              "the name beside the address, decoded"},
    ValueInfo{"address.misleading", Type::boolean, kMessage, "address", false, false,
              "the name beside it is an address of another organisation"},
    ValueInfo{"header.name", Type::text, kMessage, "header", false, false, "a field's name"},
    ValueInfo{"header.value", Type::text, kMessage, "header", false, false, "decoded"},
    ValueInfo{"part.name", Type::text, kMessage, "part", false, true,
              "every reading of the file name"},
    ValueInfo{"part.extension", Type::extension, kMessage, "part", false, true,
              "of every reading, members of archives too"},
    ValueInfo{"part.kind", Type::part_kind, kMessage, "part", false, true, "by its bytes"},
    ValueInfo{"part.type", Type::media_type, kMessage, "part", false, true, "by Content-Type"},
    ValueInfo{"part.size", Type::size, kMessage, "part", false, false, "decoded"},
    ValueInfo{"part.hash", Type::hash, kMessage, "part", false, false, "SHA-256, decoded"},
    ValueInfo{"part.encrypted", Type::boolean, kMessage, "part", false, false,
              "an archive or document with a password"},
    ValueInfo{"attachment.name", Type::text, kMessage, "attachment", false, true,
              "every reading of the file name"},
    ValueInfo{"attachment.extension", Type::extension, kMessage, "attachment", false, true, ""},
    ValueInfo{"attachment.kind", Type::part_kind, kMessage, "attachment", false, true, ""},
    ValueInfo{"attachment.type", Type::media_type, kMessage, "attachment", false, true, ""},
    ValueInfo{"attachment.size", Type::size, kMessage, "attachment", false, false, ""},
    ValueInfo{"attachment.hash", Type::hash, kMessage, "attachment", false, false, ""},
    ValueInfo{"attachment.encrypted", Type::boolean, kMessage, "attachment", false, false, ""},
    ValueInfo{"url", Type::text, kMessage, "url", false, false, "a link in text or HTML"},
    ValueInfo{"url.domain", Type::domain, kMessage, "url", false, false, ""},
    ValueInfo{"url.scheme", Type::text, kMessage, "url", false, false, "\"https\""},
    ValueInfo{"url.path", Type::text, kMessage, "url", false, false, ""},
    ValueInfo{"url.text", Type::text, kMessage, "url", false, false, "what the link shows"},
    ValueInfo{"url.misleading", Type::boolean, kMessage, "url", false, false,
              "it shows one organisation's address and leads to another's"},
    ValueInfo{"url.lookalike", Type::boolean, kMessage, "url", false, false,
              "its domain is written in letters that look like others"},
    ValueInfo{"upstream.code", Type::number, kOutcome, "", false, false,
              "the upstream's last reply code"},
    ValueInfo{"upstream.text", Type::text, kOutcome, "", false, false, "and its text"},
    ValueInfo{"upstream.name", Type::word, kOutcome, "", false, false, "which upstream"},
    ValueInfo{"accepted", Type::number, kOutcome, "", false, false, "recipients accepted"},
    ValueInfo{"refused", Type::number, kOutcome, "", false, false, "recipients refused"},
};

constexpr std::array kItems = {
    ItemInfo{"rcpt", kRcpt, false, "a recipient of the envelope"},
    ItemInfo{"part", kMessage, false, "a part of the message, members of archives too"},
    ItemInfo{"attachment", kMessage, false, "a part that has a name or is shown as a file"},
    ItemInfo{"url", kMessage, false, "a link in text or HTML"},
    ItemInfo{"address", kMessage, true, "an address of a header field: any address in header.to"},
    ItemInfo{"header", kMessage, false, "a field of the header section"},
};

}  // namespace

std::span<const ValueInfo> all_values() { return kValues; }
std::span<const ItemInfo> all_items() { return kItems; }

const ValueInfo* find_value(std::string_view name) {
  const auto* found = std::ranges::find(kValues, name, &ValueInfo::name);
  return found == kValues.end() ? nullptr : found;
}

const ItemInfo* find_item(std::string_view name) {
  const auto* found = std::ranges::find(kItems, name, &ItemInfo::name);
  return found == kItems.end() ? nullptr : found;
}

}  // namespace sekisho::rules
