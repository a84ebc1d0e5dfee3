#include "gateway/smtp/dsn_parameters.h"

#include <algorithm>
#include <array>
#include <string>

#include "gateway/base/text.h"

namespace sekisho::smtp {
namespace {

// RFC 3461 section 4.4 and 4.2.
constexpr std::size_t kMaxEnvelopeId = 100;
constexpr std::size_t kMaxOriginal = 500;

using Failure = std::optional<Reply>;

Reply bad(std::string_view words) { return Reply::of(501, "5.5.4", words); }

Failure take_return(std::string_view value, MailParameters& into) {
  if (iequals(value, "FULL"))
    into.dsn_return = DsnReturn::full;
  else if (iequals(value, "HDRS"))
    into.dsn_return = DsnReturn::headers;
  else
    return bad("RET needs FULL or HDRS");
  return std::nullopt;
}

Failure take_envelope_id(std::string_view value, MailParameters& into) {
  const auto decoded = decode_xtext(value);
  if (value.size() > kMaxEnvelopeId || !decoded || decoded->empty())
    return bad("ENVID needs xtext of at most 100 bytes");
  into.dsn_id = value;
  return std::nullopt;
}

// NEVER alone, or some of the other three, each once.
Failure take_notify(std::string_view value, RcptParameters& into) {
  constexpr std::array<std::string_view, 3> kEvents{"SUCCESS", "FAILURE", "DELAY"};
  const std::string text = to_upper(value);
  std::array<bool, kEvents.size()> seen{};
  bool fits = true;
  for (const auto word : split(text, ',')) {
    const auto at = std::ranges::find(kEvents, word) - kEvents.begin();
    const auto index = static_cast<std::size_t>(at);
    if (index == kEvents.size() || seen.at(index)) {
      fits = false;
      break;
    }
    seen.at(index) = true;
  }
  if (!fits && text != "NEVER") return bad("NOTIFY needs NEVER, or SUCCESS, FAILURE, DELAY");
  into.notify = text;
  return std::nullopt;
}

// "rfc822;bob@example.com": an address type (an atom) and xtext. RFC 6533 has "utf-8" with an
// encoding that is xtext as well, but for a backslash and braces, which xtext takes.
Failure take_original(std::string_view value, RcptParameters& into) {
  const auto semicolon = value.find(';');
  const auto type = value.substr(0, semicolon);
  const bool is_type = !type.empty() && std::ranges::all_of(type, [](char c) {
    return is_alnum(c) || c == '-' || c == '.' || c == '_';
  });
  if (!is_type || semicolon == std::string_view::npos || value.size() > kMaxOriginal)
    return bad("ORCPT needs type;address");
  const auto address = decode_xtext(value.substr(semicolon + 1));
  if (!address || address->empty()) return bad("ORCPT needs an address in xtext");
  into.original_recipient = value;
  return std::nullopt;
}

}  // namespace

DsnOutcome take_dsn_parameter(const Parameter& parameter, MailParameters& into) {
  const auto value = parameter.value.value_or("");
  if (parameter.keyword == "RET") return {true, take_return(value, into)};
  if (parameter.keyword == "ENVID") return {true, take_envelope_id(value, into)};
  return {};
}

DsnOutcome take_dsn_parameter(const Parameter& parameter, RcptParameters& into) {
  const auto value = parameter.value.value_or("");
  if (parameter.keyword == "NOTIFY") return {true, take_notify(value, into)};
  if (parameter.keyword == "ORCPT") return {true, take_original(value, into)};
  return {};
}

}  // namespace sekisho::smtp
